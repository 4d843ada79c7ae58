// Requests to a widget's kernel on its control channel, which answers while a cell runs.
import { isObject } from "../schema/decode";

const REQUEST = "ipyvitals_request";
const TIMEOUT_MS = 5_000;

/** The part of JupyterLab's connection to a kernel that is used. */
interface ControlKernel {
  readonly clientId: string;
  readonly username: string;
  sendControlMessage(message: unknown, expectReply: boolean): ControlFuture;
}
interface ControlFuture {
  onReply: (message: unknown) => void;
  readonly done?: Promise<unknown>;
}

const hasControl = (kernel: unknown): kernel is ControlKernel =>
  isObject(kernel) && typeof kernel["sendControlMessage"] === "function";

/**
 * Sends a request to the kernel of JupyterLab's widget manager; returns the content of the reply.
 * Rejects where there is no such kernel, and without an answer in time.
 */
export function controlRequest(manager: unknown, content: object): Promise<unknown> {
  const kernel = isObject(manager) ? manager["kernel"] : undefined;
  return new Promise((resolve, reject) => {
    if (!hasControl(kernel)) throw new Error();
    const id = Array.from({ length: 4 }, () => Math.random().toString(36).slice(2)).join("");
    const header = {
      msg_id: id,
      msg_type: REQUEST,
      session: kernel.clientId,
      username: kernel.username,
      date: new Date().toISOString(),
      version: "5.3",
    };
    const message = { header, parent_header: {}, metadata: {}, content, buffers: [] };
    const future = kernel.sendControlMessage({ ...message, channel: "control" }, true);
    const timer = setTimeout(() => reject(new Error()), TIMEOUT_MS);
    future.onReply = (reply) => {
      clearTimeout(timer);
      resolve(isObject(reply) ? reply["content"] : null);
    };
    // A restart of the kernel cancels what waits for it.
    future.done?.catch(reject);
  });
}
