/*
 * Counts the messages of a stream, which carry 1, 2, 3 and so on as their `n`. In ECMAScript 3, for
 * all engines.
 */
(function (root) {
  var MAX_FAULTS = 20;
  var counter = { count: 0, opens: 0, faults: [] };

  function fault(text) {
    if (counter.faults.length < MAX_FAULTS) {
      counter.faults[counter.faults.length] = text;
    }
  }

  /** Begin to count what these channels bring. */
  counter.begin = function (channels) {
    root.foreverframe.open({
      channels: channels,
      onopen: function () {
        counter.opens++;
      },
      onmessage: function (message) {
        counter.count++;
        if (message.data.n !== counter.count) {
          fault("message " + counter.count + " is " + message.data.n);
        }
      },
      ongap: function (gap) {
        fault("gap " + gap.reason);
      },
      onstate: function (state) {
        if (state !== "connecting" && state !== "open") {
          fault(state);
        }
      }
    });
  };

  /** The elements in all frames of the page. */
  counter.nodes = function () {
    var frames = root.document.getElementsByTagName("iframe");
    var nodes = 0;
    var i;
    for (i = 0; i < frames.length; i++) {
      nodes += frames[i].contentWindow.document.getElementsByTagName("*").length;
    }
    return nodes;
  };

  root.counter = counter;
})(this);
