// JupyterLab's translations, as panel and sidebar ask for them.
import type { ITranslator } from "@jupyterlab/translation";
import { english, type Language, type MessageArgs } from "../language";
import { catalogueIn } from "./catalogue.gen";

type Catalogue = Readonly<Record<string, string>>;
const ENGLISH: Catalogue = catalogueIn({ __: (text) => text });

export function languageOf(translator: ITranslator): Language {
  const bundle = translator.load("ipyvitals");
  const catalogue = catalogueIn(bundle);
  return {
    __: (text, ...values) => bundle.__(text, ...values),
    _n: (one, many, n, ...values) => bundle._n(one, many, n, ...values),
    message: (code, text, args = {}) => translated(catalogue, code, args) ?? text,
    locale: localeOf(translator.languageCode),
  };
}

/** The sentence of a code; null where none is known, it is not translated, or an argument lacks. */
function translated(catalogue: Catalogue, code: string | null, args: MessageArgs): string | null {
  if (code === null) return null;
  const key = Object.hasOwn(ENGLISH, code) ? code : `${code.split(".")[0]}.*`;
  if (!Object.hasOwn(ENGLISH, key)) return null;
  const template = catalogue[key];
  if (template === undefined || template === ENGLISH[key]) return null;
  let whole = true;
  const text = template.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = Object.hasOwn(args, name) ? args[name] : undefined;
    whole &&= value !== undefined;
    return typeof value === "number" ? `${Number(value.toPrecision(6))}` : (value ?? place);
  });
  return whole ? text : null;
}

/** A locale that dates can be written in; English ones read as in a cell. */
function localeOf(code: string): string {
  try {
    const [locale] = Intl.DateTimeFormat.supportedLocalesOf(code);
    return locale === undefined || locale === "en" ? english.locale : locale;
  } catch {
    return english.locale;
  }
}
