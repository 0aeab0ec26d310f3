/** Texts by key, in one file for each language; English where a translation lacks one. */

import { forever } from "./kept.js";

const KEY = "language";
export const LANGUAGES = { en: "English", ja: "日本語" };
let texts = {};

export async function loadTexts(language) {
  const files = [...new Set(["en", language])].map((name) => fetch(`/page/texts/${name}.json`).then((answer) => answer.json()));
  texts = Object.assign({}, ...(await Promise.all(files)));
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

/** The text of a key; `{name}` in it is replaced by `values.name`. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
