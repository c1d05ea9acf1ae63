// KHTML as a browser that is driven by lines: see host-process.ts.
#include <KParts/BrowserExtension>
#include <QApplication>
#include <QPixmap>
#include <QSocketNotifier>
#include <QTextBrowser>
#include <QUrl>
#include <QVariant>
#include <cstdio>
#include <khtml_part.h>
#include <khtmlview.h>
#include <unistd.h>

static void say(const QByteArray &number, const char *word, const QString &value = QString()) {
  printf("@%s %s %s\n", number.constData(), word, QUrl::toPercentEncoding(value).constData());
  fflush(stdout);
}

// What scripts threw: KHTML writes it into a dialog that nobody opens.
static QString errors() {
  QString text;
  for (QWidget *widget : QApplication::allWidgets())
    if (widget->objectName() == "_errorText")
      text += qobject_cast<QTextBrowser *>(widget)->toPlainText();
  return text;
}

static QString obey(KHTMLPart *part, const QByteArray &name, const QString &argument) {
  if (name == "open") {
    part->openUrl(QUrl(argument));
  } else if (name == "run") {
    return part->executeScript(argument).toString();
  } else if (name == "reload") {
    KParts::OpenUrlArguments arguments;
    arguments.setReload(true);
    part->setArguments(arguments);
    part->openUrl(part->url());
  } else if (name == "screenshot") {
    part->view()->grab().save(argument);
  } else if (name == "errors") {
    return errors();
  } else {
    // History is kept by the browser around it, which this is not.
    throw QString("KHTML alone has no " + name);
  }
  return QString();
}

static void read(KHTMLPart *part) {
  static QByteArray rest;
  char piece[65536];
  ssize_t size = ::read(0, piece, sizeof piece);
  if (size <= 0) _exit(0);
  rest.append(piece, size);
  for (int end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
    QList<QByteArray> words = rest.left(end).split(' ');
    rest.remove(0, end + 1);
    try {
      say(words[0], "done", obey(part, words[1], QUrl::fromPercentEncoding(words.value(2))));
    } catch (const QString &why) {
      say(words[0], "failed", why);
    }
  }
}

int main(int count, char **values) {
  QApplication application(count, values);
  // Or it ends with the first job that has ended.
  application.setQuitLockEnabled(false);
  KHTMLPart *part = new KHTMLPart();
  part->setJScriptEnabled(true);
  part->setPluginsEnabled(false);
  // Links and forms are followed by the browser around it, too.
  QObject::connect(part->browserExtension(), &KParts::BrowserExtension::openUrlRequestDelayed,
                   [part](const QUrl &url, const KParts::OpenUrlArguments &arguments,
                          const KParts::BrowserArguments &more) {
                     part->setArguments(arguments);
                     part->browserExtension()->setBrowserArguments(more);
                     part->openUrl(url);
                   });
  part->view()->resize(800, 600);
  part->view()->show();
  QSocketNotifier notifier(0, QSocketNotifier::Read);
  QObject::connect(&notifier, &QSocketNotifier::activated, [part] { read(part); });
  say("0", "ready");
  return application.exec();
}
