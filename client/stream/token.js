/*
 * What allows the stream, where the page gives it: a token, for requests that can carry a header,
 * and tickets got with it for those that can't.
 */

/** Refusals of a token that may have been good before. */
var TOKEN_REFUSALS = /^FF_(TOKEN_EXPIRED|TOKEN_INVALID|TICKET_INVALID)$/;

/** A renewal that failed is not tried again when less than this is left, in ms. */
var LEAST_LEFT_MS = 2000;

/** The page's last token. */
var token = null;

/** Whether a connection has opened with that token, or with a ticket got with it. */
var isProven = false;

/** Ask the page for a token; then(token) is called once, and later. */
function askToken(then) {
  var isOver = false;
  options.token(function (given) {
    if (!isOver) {
      isOver = true;
      token = given;
      isProven = false;
      later(0, then);
    }
  });
}

/** Call then() when there is a token, if the page gives one. */
function withToken(then) {
  if (options.token && !token) {
    askToken(then);
  } else {
    then();
  }
}

/** Let a connection carry what allows it, and then open it. */
function allow(connection, then) {
  withToken(function () {
    var transport = connection.transport;
    if (!token || transport === "poll" || transport === "ndjson") {
      connection.token = token;
      then();
      return;
    }
    send(
      "POST",
      address.replace(/stream$/, "tickets"),
      '{"channels":"' + String(options.channels).replace(/[\\"]/g, "\\$&") + '"}',
      function (request) {
        var answer;
        if (request.readyState === 4) {
          answer = parse(request.responseText);
          if (answer && answer.ticket) {
            connection.ticket = answer.ticket;
            then();
          } else {
            connection.end(toRefusal(answer));
          }
        }
      },
      token
    );
  });
}

/** A connection has opened. */
function tokenIsGood() {
  isProven = true;
}

/** Let the page be asked for another token, if the one that it has given has worked before. */
function dropToken() {
  var mayAsk = options.token && isProven;
  if (mayAsk) {
    token = null;
  }
  return mayAsk;
}

/** Whether a refusal is about a token that worked before: then the page is asked for another. */
function isOutworn(refusal) {
  return TOKEN_REFUSALS.test(refusal.code) && dropToken();
}

/**
 * The stream ends in `inMs`, unless it is renewed: by another token of the page, or by the cookie
 * that the browser has by then.
 */
function renew(connection, inMs) {
  function ask() {
    send(
      "POST",
      connection.closeUrl.replace(/close$/, "token"),
      "",
      function (request) {
        if (request.readyState === 4 && !(parse(request.responseText) || {}).stream) {
          again();
        }
      },
      token
    );
  }
  function again() {
    if (inMs > LEAST_LEFT_MS) {
      later(inMs / 2, function () {
        if (connection === current) {
          renew(connection, inMs / 2);
        }
      });
    }
  }
  if (options.token) {
    askToken(ask);
  } else {
    ask();
  }
}
