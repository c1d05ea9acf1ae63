/**
 * A request listener that hands the body of each POST /publish to `broadcast`, answers 200, and
 * leaves other requests.
 */
export function takePublishes(broadcast) {
  return (request, response) => {
    if (request.method !== "POST" || request.url !== "/publish") return;
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (part) => {
      text += part;
    });
    request.on("end", () => {
      broadcast(text);
      response.setHeader("Content-Length", 0);
      response.end();
    });
  };
}
