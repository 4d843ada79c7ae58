import { ServerConnection } from "@jupyterlab/services";
import { expect, test } from "vitest";
import { actionClient, browserEnvironment } from "./server";

interface Call {
  readonly url: string;
  readonly method: string;
  readonly body: string;
}

function serverThat(status: number, answer: string): [ServerConnection.ISettings, Call[]] {
  const calls: Call[] = [];
  const settings = ServerConnection.makeSettings({
    baseUrl: "http://localhost:8888/user/ann/",
    wsUrl: "ws://localhost:8888/user/ann/",
    token: "secret",
    fetch: async (input: RequestInfo | URL) => {
      const request = input as Request;
      // JupyterLab adds the time to bypass caches.
      const [url = ""] = request.url.split("?");
      calls.push({ url, method: request.method, body: await request.text() });
      return new Response(answer, { status });
    },
    WebSocket: class {
      constructor(readonly url: string) {}
    } as never,
  });
  return [settings, calls];
}

test("an action goes to its kernel, below the base URL", async () => {
  const [settings, calls] = serverThat(200, '{"done": 2}');
  expect(await actionClient(settings)("k/1", "stop_training", "default")).toBe(2);
  expect(calls).toEqual([
    {
      url: "http://localhost:8888/user/ann/ipyvitals/api/kernels/k%2F1/stop_training",
      method: "POST",
      body: '{"monitor":"default"}',
    },
  ]);
});

test("an error has the server's message, else its status code", async () => {
  const [late] = serverThat(504, '{"message": "the kernel did not answer"}');
  await expect(actionClient(late)("k", "reset", "m")).rejects.toThrow("the kernel did not answer");
  const [proxy] = serverThat(502, "<html>Bad gateway</html>");
  await expect(actionClient(proxy)("k", "reset", "m")).rejects.toThrow("502");
});

test.each([
  [404, "missing"],
  [403, "forbidden"],
  [200, "ok"],
  [500, "ok"],
] as const)("a server that answers %d is %s", async (status, found) => {
  expect(await browserEnvironment(serverThat(status, "{}")[0]).probe()).toBe(found);
});

test("the socket is opened below the base URL, with the token only if cookies do not suffice", () => {
  const [settings] = serverThat(200, "{}");
  const url = (appendToken: boolean): unknown =>
    Reflect.get(
      browserEnvironment({ ...settings, appendToken }).open(
        new URLSearchParams({ types: "update" }),
      ),
      "url",
    );
  expect(url(false)).toBe("ws://localhost:8888/user/ann/ipyvitals/api/events?types=update");
  expect(url(true)).toBe(
    "ws://localhost:8888/user/ann/ipyvitals/api/events?types=update&token=secret",
  );
});
