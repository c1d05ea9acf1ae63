"""Qt's WebKit or WebEngine as a browser that is driven by lines: see host-process.ts.

/usr/bin/python3 qt-host.py webkit|webengine DIRECTORY, where the directory keeps storage.
"""
import os
import sys
from urllib.parse import quote, unquote

from PyQt5.QtCore import QSocketNotifier, QUrl
from PyQt5.QtWidgets import QApplication

KIND, DIRECTORY = sys.argv[1:]


def say(number, word, value=""):
    print(f"@{number} {word} {quote(str(value), safe='', errors='replace')}", flush=True)


def say_error(text, line, source):
    say(0, "error", f"{text} at {source}:{line}")


if KIND == "webkit":
    from PyQt5.QtWebKit import QWebSettings
    from PyQt5.QtWebKitWidgets import QWebPage, QWebView

    class Page(QWebPage):
        def javaScriptConsoleMessage(self, text, line, source):
            # What has no place is the engine's own, such as about a header that it does not know.
            if source:
                say_error(text, line, source)

    def create_view():
        settings = QWebSettings.globalSettings()
        settings.setAttribute(QWebSettings.LocalStorageEnabled, True)
        settings.setLocalStoragePath(DIRECTORY)
        view = QWebView()
        view.setPage(Page(view))
        return view

    def run(script, then):
        then(view.page().mainFrame().evaluateJavaScript(script))

else:
    from PyQt5.QtWebEngineWidgets import QWebEnginePage, QWebEngineView

    class Page(QWebEnginePage):
        def javaScriptConsoleMessage(self, level, text, line, source):
            if level == QWebEnginePage.ErrorMessageLevel:
                say_error(text, line, source)

    def create_view():
        view = QWebEngineView()
        view.setPage(Page(view))
        return view

    def run(script, then):
        view.page().runJavaScript(script, then)


application = QApplication(sys.argv[:1])
view = create_view()
view.loadStarted.connect(lambda: say(0, "busy"))
view.loadFinished.connect(lambda _: say(0, "idle"))
view.resize(800, 600)
view.show()

COMMANDS = {
    "open": lambda url: view.load(QUrl(url)),
    "reload": lambda _: view.reload(),
    "back": lambda _: view.back(),
    "screenshot": lambda path: view.grab().save(path),
    "errors": lambda _: None,
}


def obey(line):
    number, name, argument = (line + " ").split(" ", 2)
    argument = unquote(argument.strip())
    if name == "run":
        run(argument, lambda value: say(number, "done", value))
    else:
        COMMANDS[name](argument)
        say(number, "done")


rest = b""


def read():
    global rest
    piece = os.read(0, 65536)
    if not piece:
        application.quit()
        return
    *lines, rest = (rest + piece).split(b"\n")
    for line in lines:
        obey(line.decode())


notifier = QSocketNotifier(0, QSocketNotifier.Read)
notifier.activated.connect(read)
say(0, "ready")
application.exec_()
os._exit(0)
