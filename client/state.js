/*
 * What the server says of a stream, over a connection of its own.
 */

/** Time for the answer, in ms. */
var ANSWER_WITHIN_MS = 5000;

/** The ends after which a client does not come back: see docs/protocol.md. */
var FINAL_REASONS = /^(client|admin|expired|replaced)$/;

/**
 * The answer to GET /streams/{id}, whose `state` is "open" or "closed"; else { state }: "unknown"
 * if the server has no such stream, "away" if it did not answer, and "" if something else did, or
 * if it does not know.
 */
function stateIn(request) {
  var answer;
  try {
    answer = parse(request.responseText) || {};
    if (answer.state) {
      return answer;
    }
    if (answer.code) {
      return { state: answer.code === "FF_STREAM_UNKNOWN" ? "unknown" : "" };
    }
    // A proxy says 502 to 504 for a server that is away; IE says more than 12000 for no answer.
    return { state: request.status && request.status < 500 ? "" : "away" };
  } catch (error) {
    // Old browsers throw for the status of a request that had no answer.
    return { state: "away" };
  }
}

/**
 * Send a GET request. then(request) is called once, later, with the complete answer; with null if
 * there is none within ANSWER_WITHIN_MS. Throws where no request can be made.
 */
function get(url, token, then) {
  var isOver = false;
  var request;
  var timer;
  function finish(answer) {
    if (!isOver) {
      isOver = true;
      clearTimeout(timer);
      then(answer);
    }
  }
  request = send(
    "GET",
    url,
    null,
    function (answer) {
      if (answer.readyState === 4) {
        finish(answer);
      }
    },
    token
  );
  timer = later(ANSWER_WITHIN_MS, function () {
    finish(null);
    request.abort();
  });
}

/**
 * Ask for a stream's state; then(answer) is called once, later: see stateIn(). `query` is "", or
 * what goes before the rest of the query.
 */
function askState(url, query, token, then) {
  try {
    get(url + "?" + query + "at=" + now(), token, function (request) {
      then(request ? stateIn(request) : { state: "away" });
    });
  } catch (error) {
    // XMLHttpRequest is switched off, or is too old to call another origin.
    later(0, function () {
      then({ state: "" });
    });
  }
}
