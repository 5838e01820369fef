vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "${service}";
}

# Varnish asks the service for gzip and unpacks it for clients that want none, in whole buffers: streams go past that. The built-in
# rules do for everything else.
sub vcl_recv {
    if (req.url ~ "^/v1/(events|changes)") {
        return (pipe);
    }
}
