// Adapts JupyterLab's translator to the interface that panel and sidebar use.
import type { ITranslator } from "@jupyterlab/translation";
import { catalogueIn } from "../schema/catalogue.gen";
import { english, type Language, type MessageArgs } from "../text/language";

type Catalogue = Readonly<Record<string, string>>;
const ENGLISH: Catalogue = catalogueIn({ __: (text) => text });

export function jupyterLanguage(translator: ITranslator): Language {
  const bundle = translator.load("ipyvitals");
  const catalogue = catalogueIn(bundle);
  return {
    __: (text, ...values) => bundle.__(text, ...values),
    _n: (one, many, n, ...values) => bundle._n(one, many, n, ...values),
    message: (code, sentence, args = {}) => translate(catalogue, code, args) ?? sentence,
    locale: supportedLocale(translator.languageCode),
  };
}

/** Returns the translation of a code; null if there is none, or if an argument is missing. */
function translate(catalogue: Catalogue, code: string | null, args: MessageArgs): string | null {
  if (code === null) return null;
  const key = Object.hasOwn(ENGLISH, code) ? code : `${code.split(".")[0]}.*`;
  const template = Object.hasOwn(ENGLISH, key) ? catalogue[key] : undefined;
  // Without a translation the sentence of the kernel stands, which may be of another version.
  if (template === undefined || template === ENGLISH[key]) return null;
  let complete = true;
  const text = template.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = Object.hasOwn(args, name) ? args[name] : undefined;
    complete &&= value !== undefined;
    // As many digits as Python's format "g" writes.
    return typeof value === "number" ? `${Number(value.toPrecision(6))}` : (value ?? placeholder);
  });
  return complete ? text : null;
}

/** Returns a locale that the browser supports; for English, the one that cells use. */
function supportedLocale(code: string): string {
  try {
    const [locale] = Intl.DateTimeFormat.supportedLocalesOf(code);
    return locale === undefined || locale === "en" ? english.locale : locale;
  } catch {
    return english.locale;
  }
}
