// JupyterLab's translations, as panel and sidebar ask for them.
import type { ITranslator, TranslationBundle } from "@jupyterlab/translation";
import { english, type Language } from "../language";

/** What kernels write themselves, and not their users. */
const known = (trans: Pick<TranslationBundle, "__">): string[] => [
  trans.__("Ready"),
  trans.__("System ready"),
  trans.__("Interrupted"),
  trans.__("Monitor closed"),
  trans.__("Accuracy dropped below threshold"),
  trans.__("Accuracy recovered"),
  trans.__("Error rate rose above threshold"),
  trans.__("Error rate recovered"),
  trans.__("Latency p95 rose above threshold"),
  trans.__("Latency p95 recovered"),
  trans.__("First prediction"),
  trans.__("Predictions resumed"),
  trans.__("No prediction for 300 s"),
  trans.__("Training started"),
  trans.__("memory"),
  trans.__("disk"),
  trans.__("host"),
  trans.__("container"),
];

export function languageOf(translator: ITranslator): Language {
  const bundle = translator.load("ipyvitals");
  const translated = known(bundle);
  const texts = new Map(known(english).map((text, i) => [text, translated[i]]));
  return {
    __: (text, ...values) => bundle.__(text, ...values),
    _n: (one, many, n, ...values) => bundle._n(one, many, n, ...values),
    known: (text) => texts.get(text) ?? text,
    locale: localeOf(translator.languageCode),
  };
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
