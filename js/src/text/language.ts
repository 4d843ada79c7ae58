// The language that a panel speaks: English, unless the page around it has a translator.

type Value = string | number;

/** What is used of JupyterLab's translations, and what the panel needs besides. */
export interface Language {
  /** Translates `text`, with the values in the place of `%1`, `%2` and so on. */
  __(text: string, ...values: readonly Value[]): string;
  /** Likewise one of two texts; their `%1` is `n`, and the values begin with `%2`. */
  _n(one: string, many: string, n: number, ...values: readonly Value[]): string;
  /** Translates a text of the kernel, if it is one that does not come from its user. */
  known(text: string): string;
  /** For dates. */
  readonly locale: string;
}

export const english: Language = {
  __: (text, ...values) => text.replace(/%(\d)/g, (_, place) => `${values[place - 1]}`),
  _n: (one, many, n, ...values) => english.__(n === 1 ? one : many, n, ...values),
  known: (text) => text,
  locale: "en-GB",
};
