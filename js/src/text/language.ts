// The language of a panel: English, unless the page has a translator.

type Value = string | number;

/** The arguments of a sentence of the kernel, by name. */
export type MessageArgs = Readonly<Record<string, Value>>;

/** The part of JupyterLab's translation bundle that is used, and the locale of dates. */
export interface Language {
  /** Translates `text` and replaces `%1`, `%2` and so on by the values. */
  __(text: string, ...values: readonly Value[]): string;
  /** Translates `one` or `many`, by `n`; `%1` is `n`, and the values begin with `%2`. */
  _n(one: string, many: string, n: number, ...values: readonly Value[]): string;
  /**
   * Translates a sentence of the kernel by its code, and replaces `{name}` by its arguments.
   * Returns `sentence`, the English of the kernel, if the code has no translation or is null.
   */
  message(code: string | null, sentence: string, args?: MessageArgs): string;
  /** The locale in which dates are formatted. */
  readonly locale: string;
}

const DIRECTION_OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/g;

/** Replaces the characters that would reverse the text around a name. */
export const plainText = (text: string): string => text.replace(DIRECTION_OVERRIDES, "\ufffd");

export const english: Language = {
  __: (text, ...values) => text.replace(/%(\d)/g, (_, place) => `${values[place - 1]}`),
  _n: (one, many, n, ...values) => english.__(n === 1 ? one : many, n, ...values),
  message: (_code, sentence) => sentence,
  locale: "en-GB",
};
