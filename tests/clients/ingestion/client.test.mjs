/**
 * What @polar-sh/ingestion 0.4.2 does against Sextant: events sent as they are, by each of its strategies, and by its exporter of
 * OpenTelemetry. The model is made up, and what stands for S3 is on this machine.
 *
 * The environment names the server (SEXTANT_URL) and a token of a new organization (SEXTANT_TOKEN).
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { test } from "node:test";

import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { Ingestion } from "@polar-sh/ingestion";
import { PolarTraceExporter } from "@polar-sh/ingestion/opentelemetry";
import { DeltaTimeStrategy } from "@polar-sh/ingestion/strategies/DeltaTime";
import { LLMStrategy } from "@polar-sh/ingestion/strategies/LLM";
import { S3Strategy } from "@polar-sh/ingestion/strategies/S3";
import { StreamStrategy } from "@polar-sh/ingestion/strategies/Stream";
import { generateText, streamText } from "ai";
import { MockLanguageModelV2, simulateReadableStream } from "ai/test";

import { arrived, sumOf } from "./arrived.mjs";
import { accessToken, ask, baseUrl as serverURL } from "./own.mjs";

const options = { accessToken, serverURL };
const customer = { externalCustomerId: "ada" };

/** A model that answers nothing of interest, for ten tokens in and five out. */
function madeUpModel() {
  const usage = { inputTokens: 10, outputTokens: 5, totalTokens: 15, cachedInputTokens: 2 };
  const finish = { finishReason: "stop", usage };
  return new MockLanguageModelV2({
    provider: "acme",
    modelId: "large",
    doGenerate: async () => ({ ...finish, content: [{ type: "text", text: "Nothing." }], warnings: [] }),
    doStream: async () => ({
      stream: simulateReadableStream({
        chunks: [
          { type: "text-start", id: "1" },
          { type: "text-delta", id: "1", delta: "Nothing." },
          { type: "text-end", id: "1" },
          { type: "finish", ...finish },
        ],
      }),
    }),
  });
}

test("events are sent as they are", async () => {
  const made = await ask(201, "POST", "/v1/customers/", { email: "ada@example.com", external_id: "ada" });
  const timestamp = new Date("2025-03-01T10:00:00.123Z");
  const { inserted, duplicates } = await Ingestion(options).ingest([
    { name: "plain", ...customer, timestamp, metadata: { model: "large", tokens: 1200, share: 0.1, cached: true } },
    { name: "plain", customerId: made.id, metadata: { tokens: 300 } },
  ]);
  assert.deepEqual([inserted, duplicates ?? 0], [2, 0]);
  const [first, second] = await arrived("plain", 2);
  assert.equal(new Date(first.timestamp).getTime(), timestamp.getTime());
  assert.deepEqual(first.metadata, { model: "large", tokens: 1200, share: 0.1, cached: true });
  assert.deepEqual([first.customer.id, second.customer.id], [made.id, made.id]);
});

test("a key counts once", async () => {
  const event = { name: "keyed", ...customer, externalId: "key" };
  assert.equal((await Ingestion(options).ingest([event, event])).inserted, 1);
  assert.equal((await Ingestion(options).ingest([event])).inserted, 0);
  await arrived("keyed", 1);
});

test("usage of a language model is sent with its cost", async () => {
  const model = Ingestion(options)
    .strategy(new LLMStrategy(madeUpModel()))
    .cost(({ totalTokens }) => ({ amount: totalTokens * 0.000_2, currency: "usd" }))
    .ingest("llm", ({ strategy, totalTokens, _llm }) => ({ strategy, totalTokens, _llm }))
    .client(customer);
  assert.equal((await generateText({ model, prompt: "?" })).text, "Nothing.");
  let text = "";
  for await (const part of streamText({ model, prompt: "?" }).textStream) text += part;
  assert.equal(text, "Nothing.");

  for (const { metadata, external_customer_id } of await arrived("llm", 2)) {
    assert.equal(external_customer_id, "ada");
    const { _llm, _cost, ...rest } = metadata;
    assert.deepEqual(rest, { strategy: "LLM", totalTokens: 15 });
    const { prompt, response, ...tokens } = _llm;
    assert.deepEqual([prompt, response], [null, null]);
    assert.deepEqual(tokens, {
      vendor: "acme",
      model: "large",
      input_tokens: 10,
      cached_input_tokens: 2,
      output_tokens: 5,
      total_tokens: 15,
    });
    assert.deepEqual(_cost, { amount: "0.003", currency: "usd" });
  }
  assert.equal(await sumOf("llm", "_llm.total_tokens"), 30);
  assert.equal(await sumOf("llm", "_cost.amount"), 0.006);
});

test("costs add up exactly", async () => {
  const metadata = { _cost: { amount: 0.1, currency: "usd" } };
  await Ingestion(options).ingest(Array(10).fill({ name: "tenth", ...customer, metadata }));
  assert.equal(await sumOf("tenth", "_cost.amount"), 1);
});

test("time between two moments is sent", async () => {
  const clock = [1_000, 1_250.5];
  const start = Ingestion(options)
    .strategy(new DeltaTimeStrategy(() => clock.shift()))
    .ingest("time")
    .client(customer);
  assert.equal(start()(), 250.5);
  const [{ metadata }] = await arrived("time", 1);
  assert.deepEqual(metadata, { deltaTime: 250.5, strategy: "DeltaTime" });
});

test("bytes of a stream are sent", async () => {
  const source = Readable.from([Buffer.alloc(1000), Buffer.alloc(234)]);
  const stream = Ingestion(options).strategy(new StreamStrategy(source)).ingest("stream").client(customer);
  for await (const part of stream) assert.ok(part.length > 0);
  const [{ metadata }] = await arrived("stream", 1);
  assert.deepEqual(metadata, { bytes: 1234, strategy: "Stream" });
});

test("bytes stored in S3 are sent", async (context) => {
  const storage = createServer((request, response) => request.resume().on("end", () => response.end()));
  storage.listen(0, "127.0.0.1");
  await once(storage, "listening");
  context.after(() => storage.close().closeAllConnections());
  const plain = new S3Client({
    endpoint: `http://127.0.0.1:${storage.address().port}`,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "made", secretAccessKey: "up" },
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  const s3 = Ingestion(options).strategy(new S3Strategy(plain)).ingest("s3").client(customer);
  const [Bucket, Key, ContentType] = ["bucket", "key", "text/plain"];
  await s3.send(new PutObjectCommand({ Bucket, Key, ContentType, Body: "0123456789" }));
  const [{ metadata }] = await arrived("s3", 1);
  assert.deepEqual(metadata, { bytes: 10, strategy: "S3", bucket: Bucket, key: Key, contentType: ContentType });
});

test("spans are events with children", async () => {
  const processor = new SimpleSpanProcessor(new PolarTraceExporter(options));
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  const tracer = provider.getTracer("tests");
  const attributes = { externalCustomerId: "ada", tokens: 7 };
  const parent = tracer.startSpan("span", { attributes });
  tracer.startSpan("span.child", { attributes }, trace.setSpan(ROOT_CONTEXT, parent)).end();
  tracer.startSpan("span.nobodys").end();
  parent.end();
  await provider.shutdown();
  const [root] = await arrived("span", 1);
  const [child] = await arrived("span.child", 1);
  assert.deepEqual([root.child_count, child.parent_id], [1, root.id]);
  assert.equal(child.metadata.tokens, 7);
  await arrived("span.nobodys", 0);
});

test("what is refused is thrown", async () => {
  const wrong = Ingestion({ ...options, accessToken: "nobodys" });
  await assert.rejects(wrong.ingest([{ name: "refused", ...customer }]), { statusCode: 401 });
  const euros = { _cost: { amount: 1, currency: "eur" } };
  const refused = Ingestion(options).ingest([{ name: "refused", ...customer, metadata: euros }]);
  await assert.rejects(refused, ({ detail }) => detail.some(({ loc }) => loc.includes("currency")));
  await arrived("refused", 0);
});
