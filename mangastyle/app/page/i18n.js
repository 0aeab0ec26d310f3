/** Texts by key, in one file for each language; English where a translation lacks one. */

import { forever } from "./kept.js";

const KEY = "language";
export const LANGUAGES = { en: "English", ja: "日本語" };
let texts = {};
let errors = []; // [key, pattern of the server's line]

export async function loadTexts(language) {
  const files = [...new Set(["en", language])].map((name) => fetch(`/page/texts/${name}.json`).then((answer) => answer.json()));
  const loaded = await Promise.all(files);
  texts = Object.assign({}, ...loaded);
  errors = language === "en" ? [] : errorPatterns(loaded[0]);
  document.documentElement.lang = language;
}

export function preferredLanguage() {
  const stored = forever.get(KEY);
  if (stored in LANGUAGES) return stored;
  return navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES) ?? "en";
}

/** From the next visit on. */
export function keepLanguage(language) {
  forever.set(KEY, language);
}

/**
 * A line of the server in this language, if its pattern is among the texts: keys that begin with "error." have in English what the
 * server says, with `{name}` for what varies. Other lines stay as they are.
 */
export function told(line) {
  const found = errors.map(([key, pattern]) => [key, pattern.exec(line)]).find(([, match]) => match);
  return found ? t(found[0], found[1].groups) : line;
}

function errorPatterns(english) {
  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = (text) => new RegExp(`^${escaped(text).replace(/\\\{(\w+)\\\}/g, "(?<$1>.+?)")}$`, "s");
  return Object.entries(english)
    .filter(([key]) => key.startsWith("error."))
    .map(([key, text]) => [key, pattern(text)]);
}

/** The text of a key; `{name}` in it is replaced by `values.name`. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
