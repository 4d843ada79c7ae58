// Adapts JupyterLab's translator to the interface that panel and sidebar use.
import type { ITranslator, TranslationBundle } from "@jupyterlab/translation";
import { english, type Language } from "../text/language";

/** Texts that ipyvitals writes in the kernel, as opposed to texts of its users. */
const kernelTexts = (trans: Pick<TranslationBundle, "__">): string[] => [
  trans.__("Ready"),
  trans.__("System ready"),
  trans.__("Interrupted"),
  trans.__("Monitor closed"),
  trans.__("Accuracy dropped below threshold"),
  trans.__("Accuracy recovered"),
  trans.__("Accuracy dropped too far below its baseline"),
  trans.__("Accuracy back near its baseline"),
  trans.__("Error rate rose above threshold"),
  trans.__("Error rate recovered"),
  trans.__("Latency p95 rose above threshold"),
  trans.__("Latency p95 recovered"),
  trans.__("Mean error rose"),
  trans.__("Mean error fell again"),
  trans.__("Drift of predictions"),
  trans.__("Drift is gone"),
  trans.__("Thresholds changed"),
  trans.__("Deployed"),
  trans.__("Replaced"),
  trans.__("Retired"),
  trans.__("Reset"),
  trans.__("First prediction"),
  trans.__("Predictions resumed"),
  trans.__("Training started"),
  trans.__("memory"),
  trans.__("disk"),
  trans.__("GPU memory"),
  trans.__("shared memory"),
  trans.__("open files"),
  trans.__("host"),
  trans.__("container"),
  trans.__("evicted"),
  trans.__("expired"),
  trans.__("unknown"),
  trans.__("duplicate"),
  trans.__("early"),
];

/** Texts of ipyvitals that contain a name of the user's. */
const PATTERNS = [/^No prediction for (\S+) s$/, /^Drift of feature '(.*)'$/];
const patternTexts = (trans: Pick<TranslationBundle, "__">, name: string): string[] => [
  trans.__("No prediction for %1 s", name),
  trans.__("Drift of feature '%1'", name),
];

export function jupyterLanguage(translator: ITranslator): Language {
  const bundle = translator.load("ipyvitals");
  const translated = kernelTexts(bundle);
  const texts = new Map(kernelTexts(english).map((text, i) => [text, translated[i]]));
  return {
    __: (text, ...values) => bundle.__(text, ...values),
    _n: (one, many, n, ...values) => bundle._n(one, many, n, ...values),
    known: (text) => texts.get(text) ?? translatePattern(bundle, text),
    locale: supportedLocale(translator.languageCode),
  };
}

function translatePattern(bundle: TranslationBundle, text: string): string {
  for (const [i, pattern] of PATTERNS.entries()) {
    const name = pattern.exec(text)?.[1];
    if (name !== undefined) return patternTexts(bundle, name)[i] ?? text;
  }
  return text;
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
