/** What the browser keeps from visit to visit. It may be full, or forbidden: then nothing is kept, and the page works all the same. */

export const forever = keeper(() => localStorage);
export const forThisTab = keeper(() => sessionStorage);

function keeper(storage) {
  return {
    get: (key) => attempt(() => storage().getItem(key)) ?? null,
    /** Whether there was room for it. */
    set: (key, value) => attempt(() => storage().setItem(key, value) ?? true) ?? false,
    remove: (key) => attempt(() => storage().removeItem(key)),
  };
}

function attempt(use) {
  try {
    return use();
  } catch {
    return undefined;
  }
}
