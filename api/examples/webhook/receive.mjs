// Receives the decisions of Rodopath by webhook, without any package beside Node:
//   SECRET=whsec_… PORT=3000 node receive.mjs
import { createServer } from "node:http";
import { createHmac, timingSafeEqual } from "node:crypto";

const key = Buffer.from(process.env.SECRET.replace("whsec_", ""), "base64");

// Standard Webhooks: one signature must be made with the secret, at most 5 minutes ago.
function trusted(headers, body) {
  const id = headers["webhook-id"], at = headers["webhook-timestamp"];
  if (!id || Math.abs(Date.now() / 1000 - Number(at)) > 300) return false;
  const want = createHmac("sha256", key).update(`${id}.${at}.`).update(body).digest();
  return (headers["webhook-signature"] ?? "").split(" ").some((s) => {
    const got = Buffer.from(s.replace("v1,", ""), "base64");
    return got.length === want.length && timingSafeEqual(got, want);
  });
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (!trusted(request.headers, body)) return response.writeHead(401).end();
  const { id, data } = JSON.parse(body);
  // Delete, ask, or stop what data.retract.decision asked for, then send the receipt. An unknown kind needs 2xx alone.
  console.log(data.kind, data.person);
  const outcome = { delete: "done", "ask-consent": "no_answer", retract: "done" }[data.kind];
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ decision: id, outcome, at: new Date().toISOString() }));
});
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => console.log("listening", server.address().port));
