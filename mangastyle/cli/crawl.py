"""`mangastyle crawl`: download pictures into a folder, with a manifest that a later run continues from."""

from __future__ import annotations

import contextlib
import functools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

from mangastyle.cli.options import Command, option, save_config
from mangastyle.errors import MangastyleError
from mangastyle.io.files import make_folder, refuse_existing
from mangastyle.io.locks import only_process
from mangastyle.progress import Bar

if TYPE_CHECKING:
    from mangastyle.data import crawl

EXAMPLES = (
    "mangastyle crawl --tags '1girl solo' --count 200 --out pictures",
    "mangastyle crawl --tags 'monochrome 1boy' --dry-run --count 20",
)


@dataclass(frozen=True)
class Options(Command):
    """Download pictures of manga characters from safebooru.org.

    Only pictures rated safe, and one request per second unless --rate says otherwise.
    """

    tags: str = option("1girl solo", "tags of the pictures, separated by spaces", metavar="TAGS")
    count: int = option(20000, "number of pictures in the folder at the end", least=1)
    out: str = option("pictures", "folder for the pictures and manifest.jsonl; run again to resume", metavar="FOLDER")
    site: str = option("https://safebooru.org", "address of a site with the Gelbooru 0.2 interface", metavar="URL")
    rate: float = option(1.0, "largest number of requests per second", least=0.01)
    retries: int = option(6, "attempts per request before a post is skipped, with growing pauses", least=1)
    timeout: float = option(30.0, "seconds to wait for an answer", least=0.1)
    dry_run: bool = option(False, "list the pictures without downloading them")


def command(options: Options) -> None:
    """Download pictures into `options.out` until it holds `options.count`, or as many as there are.

    Posts that cannot be used get one line each on stderr and are tried again by the next run.
    Raises `MangastyleError` if the site cannot be reached, is no Gelbooru 0.2 site, or has no such picture.
    """
    from mangastyle.data import crawl  # its HTTP library takes a while to load

    client = crawl.Client(options.site, options.rate, options.retries, options.timeout, _report)
    posts, manifest = client.posts(options.tags), Path(options.out) / crawl.MANIFEST
    with contextlib.ExitStack() as stack:
        if not options.dry_run:
            refuse_existing(manifest.with_name("config.json"), options.force or manifest.exists())
            stack.enter_context(only_process(make_folder(manifest.parent)))
            crawl.mend(manifest)
            stack.callback(crawl.mend, manifest)  # with `force`, pictures have a second line in the end
            save_config(manifest.parent, "crawl", options)
        summary = _collect(options, client, posts, manifest)
    notes = [f"{summary.pictures} pictures", f"{summary.new} of them new"]
    if summary.skipped:
        notes.append(f"{summary.skipped} posts skipped")
    if summary.unsafe:
        notes.append(f"{summary.unsafe} posts not rated safe left out")
    if summary.pictures < options.count:
        notes.append(f"{client.site} has no more posts with these tags, so fewer than the {options.count} asked for")
    if not summary.pictures:
        raise MangastyleError(f"--tags: no picture for {options.tags!r}, check the spelling ({', '.join(notes)})")
    print(f"{options.out}: {', '.join(notes)}", file=sys.stderr if options.dry_run else sys.stdout)


def _collect(options: Options, client: crawl.Client, posts: Iterator[tuple[int, dict]], manifest: Path) -> crawl.Summary:
    """Download or list the pictures, with a progress bar."""
    from mangastyle.data import crawl

    finished = {} if options.force else crawl.read_manifest(manifest)

    def list_only(post: crawl.Post) -> None:
        print(post.id, post.url)

    use = list_only if options.dry_run else functools.partial(crawl.store, client, manifest)
    with Bar(total=options.count, initial=len(finished), unit="picture", disable=options.dry_run) as bar:

        def progress(record: crawl.Progress) -> None:
            bar.update(record.pictures - bar.n)
            if record.skipped:
                _report(f"post {record.number} skipped: {record.skipped}")

        return crawl.collect(posts, use, options.count, client.site, finished, progress)


def _report(line: str) -> None:
    """One line on stderr, above the progress bar."""
    Bar.write(f"mangastyle: {line}", file=sys.stderr)
