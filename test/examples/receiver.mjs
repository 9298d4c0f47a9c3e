/** Prints what is posted to http://127.0.0.1:8080/in, or to the port that is named, one drop a line. */
import { createServer } from "node:http";

createServer(async (request, response) => {
  let text = "";
  for await (const part of request) text += part;
  for (const drop of JSON.parse(text || '{"drops":[]}').drops) console.log(JSON.stringify(drop));
  response.end();
}).listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () => console.log("listening"));
