// Vercel's AI SDK: BASE_URL [tools].
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const [baseURL, how] = process.argv.slice(1);
const model = createOpenAICompatible({ name: "blastoff", baseURL, apiKey: "any" })("blastoff");
const prompt = "When does the museum open?";
const called = [];
const get_weather = tool({
  description: "Tell the weather in a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => {
    called.push(city);
    return "sunny";
  },
});

if (how === "tools") {
  const result = streamText({ model, prompt, tools: { get_weather }, stopWhen: stepCountIs(3) });
  let streamed = "";
  for await (const text of result.textStream) streamed += text;
  console.log(JSON.stringify({ called, streamed }));
} else {
  let streamed = "";
  for await (const text of streamText({ model, prompt }).textStream) streamed += text;
  console.log(JSON.stringify({ streamed, whole: (await generateText({ model, prompt })).text }));
}
