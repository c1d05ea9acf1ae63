// Counts the timers of a page that wait, and opens streams of which nothing is kept but counts.
// ECMAScript 3, for all engines.
(function () {
  var waiting = 0;
  var pending = {};

  function forget(id) {
    if (pending[id]) {
      delete pending[id];
      waiting--;
    }
  }

  function remember(id) {
    pending[id] = true;
    waiting++;
    return id;
  }

  // One name after the other: some engines don't show these among the window's properties.
  var setOnce = window.setTimeout;
  var setAgain = window.setInterval;
  var clearOnce = window.clearTimeout;
  var clearAgain = window.clearInterval;

  window.setTimeout = function (callback, ms) {
    var id = setOnce(function () {
      forget(id);
      callback();
    }, ms);
    return remember(id);
  };
  window.setInterval = function (callback, ms) {
    return remember(setAgain(callback, ms));
  };
  window.clearTimeout = function (id) {
    forget(id);
    clearOnce(id);
  };
  window.clearInterval = function (id) {
    forget(id);
    clearAgain(id);
  };

  window.limits = {
    stream: null,
    received: 0,
    // Messages whose number is not the one after that before.
    wrong: 0,
    timers: function () {
      return waiting;
    },
    open: function (transport, isShared) {
      limits.stream = foreverframe.open({
        channels: "news",
        transport: transport,
        share: isShared,
        retryMs: 200,
        onmessage: function (event) {
          if (event.data.n !== limits.received) {
            limits.wrong++;
          }
          limits.received++;
        }
      });
    },
    // Elements, those in frames included.
    nodes: function () {
      var count = document.getElementsByTagName("*").length;
      var frames = document.getElementsByTagName("iframe");
      var i;
      for (i = 0; i < frames.length; i++) {
        try {
          count += frames[i].contentWindow.document.getElementsByTagName("*").length;
        } catch (_) {
          // It has no document yet.
        }
      }
      return count;
    }
  };
})();
