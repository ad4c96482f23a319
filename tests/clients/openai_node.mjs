// OpenAI's client for Node: BASE_URL [tools].
import OpenAI from "openai";

const [baseURL, how] = process.argv.slice(1);
const client = new OpenAI({ baseURL, apiKey: "any" });
const messages = [{ role: "user", content: "When does the museum open?" }];
const parameters = { type: "object", properties: { city: { type: "string" } } };
const tools = [{ type: "function", function: { name: "get_weather", parameters } }];

if (how === "tools") {
  const first = await client.chat.completions.stream({ model: "blastoff", messages, tools }).finalMessage();
  const results = first.tool_calls.map((call) => ({ role: "tool", tool_call_id: call.id, content: "sunny" }));
  const again = [...messages, first, ...results];
  const streamed = await client.chat.completions.stream({ model: "blastoff", messages: again, tools }).finalContent();
  const called = first.tool_calls.map((call) => JSON.parse(call.function.arguments).city);
  console.log(JSON.stringify({ called, streamed }));
} else {
  const streamed = await client.chat.completions.stream({ model: "blastoff", messages }).finalContent();
  const whole = await client.chat.completions.create({ model: "blastoff", messages });
  console.log(JSON.stringify({ streamed, whole: whole.choices[0].message.content }));
}
