# Varnish with nothing but its built-in rules, as Debian ships it.
vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "${service}";
}
