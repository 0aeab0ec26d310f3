/** The files that a shown command reads, and that this computer may not have yet: hints, paintings, references, masks. */

/** `[{name, save}]` of the files that a command names. `paintings` are their ids by name; `saveHint` saves the hints as JSON. */
export function commandFiles(desk, command, paintings, saveHint) {
  const { studio } = desk;
  const { references, style } = studio.doc;
  const session = `/sessions/${studio.session.id}`;
  const from = (path) => () => studio.api.blob(path);
  const pictures = [
    ...Object.entries(paintings).map(([name, id]) => [name, from(`/paintings/${id}`)]),
    ...references.map(({ id }, i) => [`reference-${i + 1}.png`, from(`${session}/references/${id}`)]),
    ...style.paintings.map(({ mask }, i) => [`mask-${i + 1}.png`, () => pictureOf(studio.painter.drawMask(mask))]),
  ];
  const hints = [
    { ending: "-hint.json", save: saveHint },
    { ending: "-hint.png", save: () => desk.saveExport("hint-png", "shaded") },
  ];
  return [
    ...hints.filter(({ ending }) => command.includes(ending)).map(({ ending, save }) => ({ name: `…${ending}`, save })),
    ...pictures.filter(([name]) => command.includes(name)).map(([name, get]) => ({ name, save: () => desk.saveFrom(get, name) })),
  ];
}

async function pictureOf(dataUrl) {
  const [, type, content] = /^data:(.*);base64,(.*)$/.exec(dataUrl);
  return new Blob([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], { type });
}
