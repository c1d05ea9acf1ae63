// PhantomJS as a browser that is driven over HTTP: phantomjs phantom-host.js PORT. For 1.9.8 and
// 2.1.1.
//
// GET /NAME/ARGUMENT is answered 200 with the value, or 500 with what went wrong. The argument is
// in the URL, because 1.9.8 loses a body that comes in another segment than its head; and in base64
// (RFC 4648, section 5), because 2.1.1 encodes percent signs once more. The value is
// percent-encoded, because 1.9.8 takes the count of characters for the count of bytes.
var page = require("webpage").create();
var errors = [];
var isBusy = false;

var commands = {
  open: function (url) {
    page.open(url);
  },
  run: function (script) {
    return page.evaluateJavaScript("function () { return " + script + "; }");
  },
  reload: function () {
    page.reload();
  },
  back: function () {
    page.goBack();
  },
  screenshot: function (path) {
    page.render(path);
  },
  errors: function () {
    return JSON.stringify(errors);
  },
  busy: function () {
    return isBusy;
  }
};

page.viewportSize = { width: 800, height: 600 };
page.clipRect = { top: 0, left: 0, width: 800, height: 600 };
page.onError = function (message, trace) {
  var place = trace && trace[0] ? " at " + trace[0].file + ":" + trace[0].line : "";
  errors.push(message + place);
};
page.onLoadStarted = function () {
  isBusy = true;
};
page.onLoadFinished = function () {
  isBusy = false;
};

require("webserver")
  .create()
  .listen("127.0.0.1:" + require("system").args[1], function (request, response) {
    var parts = /^\/(\w+)\/(.*)$/.exec(request.url);
    var encoded = parts[2].replace(/-/g, "+").replace(/_/g, "/");
    var value;
    try {
      value = commands[parts[1]](decodeURIComponent(atob(encoded)));
      response.statusCode = 200;
    } catch (error) {
      value = error;
      response.statusCode = 500;
    }
    response.headers = { Connection: "close" };
    response.write(encodeURIComponent(String(value)));
    response.close();
  });
console.log("ready");
