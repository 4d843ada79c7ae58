// The language of a panel: English, unless the page has a translator.

type Value = string | number;

/** The part of JupyterLab's translation bundle that is used, and the locale of dates. */
export interface Language {
  /** Translates `text` and replaces `%1`, `%2` and so on by the values. */
  __(text: string, ...values: readonly Value[]): string;
  /** Translates `one` or `many`, by `n`; `%1` is `n`, and the values begin with `%2`. */
  _n(one: string, many: string, n: number, ...values: readonly Value[]): string;
  /** Translates a text of the kernel, unless its user wrote it. */
  known(text: string): string;
  /** The locale in which dates are formatted. */
  readonly locale: string;
}

export const english: Language = {
  __: (text, ...values) => text.replace(/%(\d)/g, (_, place) => `${values[place - 1]}`),
  _n: (one, many, n, ...values) => english.__(n === 1 ? one : many, n, ...values),
  known: (text) => text,
  locale: "en-GB",
};
