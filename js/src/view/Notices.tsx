import type { JSX } from "preact";
import type { Notice } from "../schema/contract.gen";
import type { Store } from "../state/store";
import { clock, count } from "../text/format";
import type { Language } from "../text/language";
import { useLanguage } from "./languageContext";

/** Renders problems in the background: one line that expands. */
export function Notices({ store }: { store: Store }): JSX.Element | null {
  const trans = useLanguage();
  const notices = store.notices.value;
  const newest = [...notices].sort((a, b) => b.at - a.at);
  const first = newest[0];
  if (first === undefined) return null;
  return (
    <details class="v-fold v-notices">
      <summary>
        <b>{trans._n("%1 notice", "%1 notices", notices.length)}</b>
        <span class="v-latest">: {first.message}</span>
      </summary>
      <ul>
        {newest.map((notice) => (
          <li key={notice.code}>
            <span>{notice.message}</span>
            <small>{timesOf(notice, store.now.value, trans)}</small>
          </li>
        ))}
      </ul>
    </details>
  );
}

function timesOf({ at, count: n }: Notice, now: number, trans: Language): string {
  const last = clock(at, now, trans);
  return n > 1 ? trans.__("%1 times, last %2", count(n), last) : last;
}
