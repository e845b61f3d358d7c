// The official JavaScript client against a server: node chat.mjs BASE_URL; prints one JSON document.
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "any", maxRetries: 0 });
const turn = (content) => [{ role: "user", content }];

const models = [];
for await (const model of client.models.list()) models.push(model.id);

const whole = await client.chat.completions.create({
  model: "robin", messages: turn("I am allergic to nuts."), user: "ana", temperature: 0,
});

const stream = await client.chat.completions.create({
  model: "robin", messages: turn("What am I allergic to?"), user: "ana", temperature: 0,
  stream: true, stream_options: { include_usage: true },
});
let text = "", pieces = 0, usage = null;
for await (const event of stream) {
  text += event.choices[0]?.delta?.content ?? "";
  pieces += 1;
  usage = event.usage ?? usage;
}

const other = await client.chat.completions.create({
  model: "torill", messages: turn("What am I allergic to?"), user: "ana", temperature: 0,
});

const vectors = await client.embeddings.create({ model: "static", input: ["rye bread", "the cold sea"] });

let refused = null;
try {
  await client.chat.completions.create({ model: "nobody", messages: turn("Hi") });
} catch (error) {
  refused = { status: error.status, code: error.code };
}

console.log(JSON.stringify({
  models, whole: whole.choices[0].message.content, text, pieces, usage,
  other: other.choices[0].message.content,
  dimensions: vectors.data.map((row) => row.embedding.length), refused,
}));
