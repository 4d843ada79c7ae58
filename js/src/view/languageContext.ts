// The language of the panel that a component stands on.
import { type ComponentChildren, createContext } from "preact";
import { useContext } from "preact/hooks";
import { english, type Language } from "../text/language";

export const LanguageContext = createContext<Language>(english);

export const useLanguage = (): Language => useContext(LanguageContext);

/** A text with elements in the place of `%1` and `%2`, which its translation left there. */
export const interpolate = (
  text: string,
  ...parts: readonly ComponentChildren[]
): ComponentChildren[] =>
  text.split(/%(\d)/).map((piece, i) => (i % 2 ? parts[Number(piece) - 1] : piece));
