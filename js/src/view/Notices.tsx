import type { JSX } from "preact";
import { clock, count } from "../format";
import type { Store } from "../store";

/** What went wrong in the background: one quiet line, the rest on demand. */
export function Notices({ store }: { store: Store }): JSX.Element | null {
  const notices = store.notices.value;
  const newest = [...notices].sort((a, b) => b.at - a.at);
  const first = newest[0];
  if (first === undefined) return null;
  return (
    <details class="v-notices">
      <summary>
        <b>
          {notices.length} {notices.length === 1 ? "notice" : "notices"}
        </b>
        <span class="v-latest">: {first.message}</span>
      </summary>
      <ul>
        {newest.map((notice) => (
          <li key={notice.code}>
            <span>{notice.message}</span>
            <small>
              {notice.count > 1 ? `${count(notice.count)} times, last ` : ""}
              {clock(notice.at, store.now.value)}
            </small>
          </li>
        ))}
      </ul>
    </details>
  );
}
