# Varnish before Foreverframe, tested with Varnish 7.1. Start the server with
#   foreverframe serve --allowed-hosts push.example --trusted-proxies 127.0.0.1

vcl 4.1;

backend foreverframe {
  .host = "127.0.0.1";
  .port = "8080";

  # Longer than the longest poll, which is 60 s.
  .first_byte_timeout = 75s;
  .between_bytes_timeout = 75s;
}

sub vcl_recv {
  # What the client says of these is replaced, or it could choose its address.
  unset req.http.Forwarded;
  set req.http.X-Forwarded-For = client.ip;

  # Varnish hands WebSockets on only as bytes.
  if (req.http.Upgrade ~ "(?i)websocket") { return (pipe); }

  # Without it requests for the same wait for one another.
  return (pass);
}

sub vcl_pipe {
  if (req.http.Upgrade) {
    set bereq.http.Upgrade = req.http.Upgrade;
    set bereq.http.Connection = req.http.Connection;
  }
}
