/*
 * Asks the server what it has given to the open connection, which may have broken or be held back.
 */

/**
 * What the server has given to a connection has to arrive within this time, in ms. If it does not,
 * the path holds it back.
 */
var HELD_MS = 1000;

/** The URL of a connection's stream at the server. */
function stateUrlOf(connection) {
  return connection.closeUrl.replace(/\/close$/, "");
}

function inquire() {
  var connection = current;
  var sign;
  function isOpen() {
    return connection === current && stream.state === "open";
  }
  if (!connection || connection.isOnce || connection.isAsking || !isOpen()) {
    return;
  }
  sign = signOf(connection);
  connection.isAsking = true;
  askState(stateUrlOf(connection), "", token, function (answer) {
    var isFinal = answer.state === "closed" && FINAL_REASONS.test(answer.receipt.reason);
    connection.isAsking = false;
    if (!isOpen()) {
      return;
    }
    if (answer.state === "unknown" || (answer.state === "closed" && !isFinal)) {
      // The server is there: connect at once.
      lost(connection, null, "cut", 1);
    } else if (answer.state === "away" && signOf(connection) === sign) {
      lost(connection, null, "cut");
    } else if (answer.state === "away") {
      // The connection lives; or its end changed the document.
      later(HELD_MS, inquire);
    } else if (answer.state) {
      later(HELD_MS, function () {
        if (!isOpen()) {
          return;
        }
        if (isFinal) {
          closed(closeEvent(answer.receipt.reason, answer.cursor, answer.receipt.text));
        } else if (signOf(connection) === sign && !isReached(answer.cursor, stream.cursor)) {
          // More than a silence: the server has given something that did not arrive.
          connection.isHeld = true;
          lost(connection, null, "silent");
        }
      });
    }
  });
}
