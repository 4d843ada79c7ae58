// Generated from src/ipyvitals/schema/protocol.py and src/ipyvitals/server/schema.py by scripts/generate_contract.py: edit that, not this.

import type { CurveChunk, DriftSection, Durations, Event, LabelsSection, MetricsSection, ModelInfo, ModelSection, Notice, RunInfo, SystemSection, TrainingSection, WorkerInfo } from "./contract.gen";

/** The state of all kernels after the message `id`. */
export interface StateMessage {
  readonly type: "state";
  readonly id: number;
  /** Identifies this run of the server; message ids of another run are not comparable. */
  readonly stream: string;
  readonly kernels: readonly KernelState[];
}

/** One kernel and the full state of its monitors. */
export interface KernelState {
  readonly kernel_id: string;
  readonly kernel_name: string | null;
  /** Path of the kernel's notebook, relative to the server's root; `None` without a session. */
  readonly path: string | null;
  readonly session_name: string | null;
  readonly execution_state: string | null;
  /** Number of frontends that are connected to the kernel. */
  readonly connections: number;
  /** Whether the server is connected to the kernel. */
  readonly connected: boolean;
  /** Why the server cannot connect to the kernel; `None` where it can. */
  readonly unavailable: string | null;
  /** Unix time of the last update; `None` before the first one. */
  readonly last_seen: number | null;
  /** How the process before this one ended, if it died or a training run was lost. */
  readonly ended: KernelEnd | null;
  /** A full update of each monitor, with the points of its charts. */
  readonly monitors: readonly Update[];
}

/** The end of a kernel's process that died, or that was restarted amid a training run. */
export interface KernelEnd {
  /** Unix time at which the server noticed it. */
  readonly at: number;
  /** Unix time of its last update. */
  readonly last_seen: number | null;
  /** `"restarted"`: by a user. `None` where the cause is not known. */
  readonly reason: "exited" | "out_of_memory" | "restarted" | "signal" | null;
  /** The reason for people, such as `"out of memory: 7.9 of 8.0 GiB"`. */
  readonly text: string;
  readonly exit_code: number | null;
  /** Name of the signal that ended the process, such as `"SIGKILL"`. */
  readonly signal: string | null;
  /** Memory in use at its last reading; the limit where its container had none left. */
  readonly memory_used_bytes: number | null;
  readonly memory_limit_bytes: number | null;
  /** The training run that was lost; likewise the next. */
  readonly stage: string | null;
  readonly current: number | null;
  readonly total: number | null;
}

/** Changes of one monitor since its last update; the whole state, when `full`. */
export interface Update {
  readonly v: number;
  readonly monitor: string;
  /** Counts the updates of one monitor from 1; a gap means that some were lost. */
  readonly n: number;
  readonly at: number;
  /** Number of the newest event. */
  readonly seq: number;
  readonly full: boolean;
  readonly closed: boolean;
  /** Seconds between readings of the machine. */
  readonly interval: number | null;
  readonly model?: ModelSection;
  readonly training?: TrainingSection;
  readonly metrics?: MetricsSection;
  readonly system?: SystemSection;
  readonly notices?: readonly Notice[];
  /** Those that changed; all of them, when `full`. */
  readonly models?: readonly ModelInfo[];
  /** Of the active model. */
  readonly durations?: Durations | null;
  readonly labels?: LabelsSection;
  /** Of the active model. */
  readonly drift?: DriftSection;
  /** Those that changed; all of them, when `full`. Of ended ones the newest 20 stay. */
  readonly runs?: readonly RunInfo[];
  /** All of them; the ages of their reports are those at `at`. */
  readonly workers?: readonly WorkerInfo[];
  /** Since the last update, oldest first. */
  readonly events: readonly Event[];
  /** Columns of `Point`; only in a reply to a request that asks for them. */
  readonly history?: Readonly<Record<string, readonly unknown[]>>;
  /** Whole curves; only in a reply to a request that asks for `history` or `curves`. */
  readonly curves?: readonly CurveChunk[];
}

/** An update of one monitor; its events follow as separate messages. */
export interface UpdateMessage {
  readonly type: "update";
  readonly id: number;
  readonly kernel_id: string;
  readonly update: Update;
}

/** A kernel was added, removed or changed. */
export interface KernelMessage {
  readonly type: "kernel";
  readonly id: number;
  readonly kernel_id: string;
  readonly change: "added" | "dead" | "removed" | "restarted" | "session" | "unavailable";
  /** The state after the change; `None` when the kernel is gone. */
  readonly kernel: KernelState | null;
}

/** The client was too slow and missed `count` messages; the current state follows. */
export interface MissedMessage {
  readonly type: "missed";
  readonly id: number;
  readonly count: number;
}

/** Answer to a `POST` request. */
export interface ActionAnswer {
  /** Number of runs that were asked to stop, or of models that were acknowledged or reset. */
  readonly done: number;
}

/** Answer to a failed request: a message for people. */
export interface ErrorAnswer {
  readonly message: string;
}

/** The type of every field, for checks at run time; `?` where it may be absent. */
export const WIRE_KINDS = {
  "StateMessage": {
    "type": "=state",
    "id": "number",
    "stream": "string",
    "kernels": "KernelState[]"
  },
  "KernelState": {
    "kernel_id": "string",
    "kernel_name": "string|null",
    "path": "string|null",
    "session_name": "string|null",
    "execution_state": "string|null",
    "connections": "number",
    "connected": "boolean",
    "unavailable": "string|null",
    "last_seen": "number|null",
    "ended": "KernelEnd|null",
    "monitors": "Update[]"
  },
  "KernelEnd": {
    "at": "number",
    "last_seen": "number|null",
    "reason": "exited|out_of_memory|restarted|signal|null",
    "text": "string",
    "exit_code": "number|null",
    "signal": "string|null",
    "memory_used_bytes": "number|null",
    "memory_limit_bytes": "number|null",
    "stage": "string|null",
    "current": "number|null",
    "total": "number|null"
  },
  "Update": {
    "v": "number",
    "monitor": "string",
    "n": "number",
    "at": "number",
    "seq": "number",
    "full": "boolean",
    "closed": "boolean",
    "interval": "number|null",
    "model": "ModelSection?",
    "training": "TrainingSection?",
    "metrics": "MetricsSection?",
    "system": "SystemSection?",
    "notices": "Notice[]?",
    "models": "ModelInfo[]?",
    "durations": "Durations|null?",
    "labels": "LabelsSection?",
    "drift": "DriftSection?",
    "runs": "RunInfo[]?",
    "workers": "WorkerInfo[]?",
    "events": "Event[]",
    "history": "{unknown[]}?",
    "curves": "CurveChunk[]?"
  },
  "UpdateMessage": {
    "type": "=update",
    "id": "number",
    "kernel_id": "string",
    "update": "Update"
  },
  "KernelMessage": {
    "type": "=kernel",
    "id": "number",
    "kernel_id": "string",
    "change": "added|dead|removed|restarted|session|unavailable",
    "kernel": "KernelState|null"
  },
  "MissedMessage": {
    "type": "=missed",
    "id": "number",
    "count": "number"
  },
  "ActionAnswer": {
    "done": "number"
  },
  "ErrorAnswer": {
    "message": "string"
  }
} as const;
