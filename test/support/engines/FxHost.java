// JavaFX's WebView as a browser that is driven by lines: see host-process.ts.
import com.sun.javafx.webkit.WebConsoleListener;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import javafx.application.Application;
import javafx.application.Platform;
import javafx.embed.swing.SwingFXUtils;
import javafx.scene.Scene;
import javafx.scene.web.WebEngine;
import javafx.scene.web.WebView;
import javafx.stage.Stage;
import javax.imageio.ImageIO;

public class FxHost extends Application {
  private WebView view;

  private static synchronized void say(String number, String word, Object value) {
    String text = URLEncoder.encode(String.valueOf(value), StandardCharsets.UTF_8);
    System.out.println("@" + number + " " + word + " " + text.replace("+", "%20"));
    System.out.flush();
  }

  @Override
  public void start(Stage stage) {
    view = new WebView();
    WebConsoleListener.setDefaultListener(
        (where, message, line, source) ->
            say("0", "error", message + " at " + source + ":" + line));
    stage.setScene(new Scene(view, 800, 600));
    stage.show();
    Thread reader = new Thread(this::read);
    reader.setDaemon(true);
    reader.start();
    say("0", "ready", "");
  }

  private void read() {
    try (BufferedReader lines = new BufferedReader(new InputStreamReader(System.in))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] words = line.split(" ", 3);
        String argument = URLDecoder.decode(words[2], StandardCharsets.UTF_8);
        Platform.runLater(() -> obey(words[0], words[1], argument));
      }
    } catch (IOException error) {
      error.printStackTrace();
    }
    System.exit(0);
  }

  private void obey(String number, String name, String argument) {
    try {
      say(number, "done", obey(name, argument));
    } catch (Throwable error) {
      say(number, "failed", error);
    }
  }

  private Object obey(String name, String argument) throws IOException {
    WebEngine engine = view.getEngine();
    switch (name) {
      case "open":
        engine.load(argument);
        return "";
      case "run":
        return engine.executeScript(argument);
      case "reload":
        engine.reload();
        return "";
      case "back":
        engine.getHistory().go(-1);
        return "";
      case "screenshot":
        ImageIO.write(
            SwingFXUtils.fromFXImage(view.snapshot(null, null), null), "png", new File(argument));
        return "";
      case "errors":
        return "";
      default:
        throw new IllegalArgumentException(name);
    }
  }

  public static void main(String[] arguments) {
    launch(arguments);
  }
}
