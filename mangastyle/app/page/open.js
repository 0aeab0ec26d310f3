/** All ways by which pictures come in: dropped, pasted, chosen, a folder of them, samples. */

const PROJECT = /\.(zip|mangastyle)$/i;
const HINT = /\.json$/i;
const PICTURE = /\.(png|jpe?g|webp|bmp|tiff?|gif|avif|jp2|tga|ppm|pgm|psd|qoi|pcx|ico)$/i;

function isProject(file) {
  return file.type === "application/zip" || PROJECT.test(file.name ?? "");
}

export function isPicture(file) {
  return file.type.startsWith("image/") || PICTURE.test(file.name ?? "");
}

/**
 * Take in what is dropped and pasted. `targets` says by a name (attribute `data-drop` of the element dropped on) what is done with
 * a picture there; `onFiles` gets the files dropped elsewhere, or pasted.
 */
export function receiveFiles({ targets, onFiles, onError }) {
  const use = async (action) => {
    try {
      await action();
    } catch (error) {
      onError(error);
    }
  };
  const mark = (event) => {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    document.body.classList.toggle("dropping", event.type === "dragover");
  };
  addEventListener("dragover", mark);
  addEventListener("dragleave", (event) => event.relatedTarget === null && mark(event));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    const name = event.target.closest?.("[data-drop]")?.dataset.drop;
    // Entries must be taken before anything is awaited: they are gone afterwards.
    const items = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile()).filter(Boolean);
    use(async () => {
      const files = (await Promise.all(items.map(filesOf))).flat();
      if (targets[name] && files.some(isPicture)) for (const file of files.filter(isPicture)) await targets[name](file);
      else await onFiles(files);
    });
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter(isPicture);
    if (!files.length) return;
    event.preventDefault();
    use(() => onFiles(files));
  });
}

/** The files of a dropped file or folder. */
async function filesOf(entry) {
  if (entry instanceof File) return [entry];
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return files.filter(isPicture);
    for (const child of entries) files.push(...(await filesOf(child)));
  }
}

/** What several files are: one project, hint or picture, or the pictures of a folder. */
export function sortFiles(files) {
  const project = files.find(isProject);
  const hint = files.find((file) => HINT.test(file.name ?? ""));
  const pictures = byName(files.filter((file) => !isProject(file) && isPicture(file)));
  return { project, hint, pictures, other: files.length > 0 && !project && !hint && !pictures.length ? files[0] : null };
}

/** In the order that a person expects: 2 before 10. */
export function byName(files) {
  return files.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}
