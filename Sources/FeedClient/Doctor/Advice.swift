/// Advice on the proxies between client and server.
enum Advice {
    static let buffering =
        "let events through as they come. nginx: proxy_buffering off, or do not hide or ignore X-Accel-Buffering "
        + "(proxy_ignore_headers); varnish: return (pipe) for /v1/events, or set beresp.do_stream; haproxy: option http-no-delay; "
        + "caddy: flush_interval -1; Apache: SetEnv proxy-sendchunks, flushpackets=on; "
        + "Cloudflare and CDNs: do not cache or transform text/event-stream"
    static let compression =
        "keep what compresses from holding events back. nginx: leave text/event-stream out of gzip_types; caddy: leave it out of "
        + "encode; Apache: no DEFLATE for text/event-stream; varnish: no beresp.do_gzip for it"
    static let idle =
        "raise the idle time-outs above the heartbeat (15 s unless asked otherwise). nginx: proxy_read_timeout 1h; haproxy: timeout "
        + "client, timeout server, and timeout tunnel; varnish: pipe_timeout and between_bytes_timeout; caddy: none by default; "
        + "load balancers: their idle time-out (AWS ALB: 60 s, idle_timeout.timeout_seconds; Azure: 4 min; GCP: the backend timeout)"
    static let lastEventID =
        "pass the request header Last-Event-ID on; without it each reconnect begins anew. nginx: no proxy_set_header Last-Event-ID "
        + "\"\" and no proxy_pass_request_headers off; CDNs: add it to the headers forwarded to the origin"
    static let replicas =
        "upgrade replicas whose positions have two parts only: newer ones continue where another one stopped. Or keep each client on one "
        + "replica. haproxy: balance source, or a cookie; nginx: ip_hash; Kubernetes: sessionAffinity: ClientIP; AWS ALB: sticky "
        + "sessions. Or give each replica an address of its own. If there is one replica only, it was rebuilt meanwhile: try again"
    static let otherStreams =
        "give each table an address of its own, and let a balancer choose only among replicas of one table and one stream. A table that "
        + "was made anew has another stream: restart the replicas that still follow the old one"
    static let younger =
        "a replica that was started or rebuilt a moment ago does not know older positions: try again in a few minutes. If it stays, look "
        + "at /v1/status of each replica: resume says how far back it reaches"
    static let budget =
        "raise the connection limit of what lies between (nginx: limit_conn; haproxy: maxconn). A browser opens at most 6 connections "
        + "to a host over HTTP/1.1: share one stream between tabs with /client.js, or put HTTP/2 in front"
    static let validation =
        "let ETag and If-None-Match through. nginx: gzip makes tags weak and older modules drop them; varnish and CDNs: do not unset "
        + "them"
}
