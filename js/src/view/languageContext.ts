// The language of a panel, as a Preact context.
import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import { english, type Language } from "../text/language";

export const LanguageContext = createContext<Language>(english);

export const useLanguage = (): Language => useContext(LanguageContext);

/** Replaces `%1` and `%2` in a translated text by elements. */
export const interpolate = (
  text: string,
  ...parts: readonly ComponentChildren[]
): ComponentChildren[] =>
  text.split(/%(\d)/).map((piece, i) => (i % 2 ? parts[Number(piece) - 1] : piece));
