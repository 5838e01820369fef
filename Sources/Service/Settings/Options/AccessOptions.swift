import API
import HTTPSemantics
import HTTPServer

/// The address of the service, and its readers.
enum AccessOptions: SettingGroup {
    static let title = "Access"
    static let settings = [
        listen,
        Setting(
            "socket-mode",
            \.socketMode,
            ListenOption.mode,
            example: "0666",
            "Mode of the files of Unix sockets, in octal digits. Who may write to such a file can connect."
        ),
        Setting(
            "auth-token-file",
            \.tokenFile,
            SettingKind.path("file", .file).optional,
            default: "none, so everybody may read",
            example: "/run/secrets/tokens.json",
            "File of the bearer tokens that may read. It is read again when it changes.",
            seeAlso: "See [Security](security.md#tokens)."
        ),
        Setting(
            "ticket-age",
            \.ticketAge,
            .duration(AuthenticationLimits.ticketAges),
            example: "8h",
            "Time for which a reusable ticket opens streams. Give all replicas the same: one refuses tickets that last longer than its "
                + "own.",
            seeAlso: "See [Browsers and tickets](security.md#browsers-and-tickets)."
        ),
        Setting(
            "cors-origin",
            \.crossOrigins,
            origins,
            default: "`loopback` when listening on loopback, else `none`",
            example: "https://app.example.com",
            "Origins whose pages may read, separated by commas or given repeatedly; `loopback` for pages of this machine; "
                + "`*` for any; `none`."
        ),
        Setting(
            "cors-header",
            \.crossOriginFields,
            fields,
            default: "none beside those of the API, of tracing and of common libraries",
            example: "X-Tenant",
            "Request headers that pages of other origins may send, separated by commas or given repeatedly; `*` for any but "
                + "`Authorization`, which is always allowed."
        ),
        Setting(
            "allowed-host",
            \.allowedHosts,
            hosts,
            default: "loopback names when listening on loopback without tokens, else any",
            example: "replica.example.com",
            "Host names that requests may use beside loopback's, separated by commas or given repeatedly; others get 421; "
                + "`*` for any."
        ),
        Setting(
            "proxy-protocol",
            \.proxies.protocolSources,
            networks,
            default: "none",
            example: "10.0.0.0/24",
            "Proxies whose connections begin with a PROXY protocol header: addresses, networks, and `unix` for Unix sockets, separated "
                + "by commas or given repeatedly. Connections of theirs without one get 400.",
            seeAlso: "See [Behind a proxy](security.md#behind-a-proxy)."
        ),
        Setting(
            "trusted-proxies",
            \.proxies.fieldSources,
            networks,
            default: "none",
            example: "10.0.0.0/24,unix",
            "Proxies whose `X-Forwarded-For` and `Forwarded` name the client, for limits and logs; in the same form.",
            seeAlso: "See [Behind a proxy](security.md#behind-a-proxy)."
        ),
        Setting(
            "crash-dumps",
            \.crashDumps,
            .toggle,
            example: "on",
            "Let a crash leave a core file and a backtrace. Both contain items of the table."
        ),
    ]

    static let listen = Setting(
        "listen",
        \.listen,
        ListenOption.addresses,
        example: "unix:/run/tablecast.sock",
        "Addresses for HTTP, separated by commas or given repeatedly: `host:port`, `:port` for every address of both IP "
            + "families, or `unix:/path`. Port 0 takes any free one.",
        seeAlso: "The container image sets `:8080`. See [Addresses to listen on](deployment.md#addresses-to-listen-on)."
    )

    private static let networks = SettingKind<Networks>(
        form: SettingForm(
            placeholder: "networks",
            allowed:
                "give addresses such as 10.0.0.7, networks such as 10.0.0.0/24 or 2001:db8::/32 without bits behind the "
                + "mask, or unix, with commas between them",
            syntax: .list
        ),
        read: { Networks($0) },
        text: { $0.isEmpty ? nil : $0.description }
    )

    private static let origins = SettingKind<AllowedOrigins?>(
        form: SettingForm(
            placeholder: "origins",
            allowed: "give *, none, loopback, or origins such as https://app.example.com with commas between them",
            syntax: .list,
            isURL: true
        ),
        read: { AllowedOrigins($0).map { $0 } },
        text: { _ in nil }
    )

    private static let fields = SettingKind<FieldNames>(
        form: SettingForm(
            placeholder: "names",
            allowed: "give names of headers, such as X-Tenant, with commas between them",
            syntax: .list
        ),
        read: { FieldNames($0) },
        text: { $0.names.isEmpty ? nil : $0.names.joined(separator: ",") }
    )

    private static let hosts = SettingKind<AllowedHosts?>(
        form: SettingForm(
            placeholder: "hosts",
            allowed: "give *, or hosts without ports, such as replica.example.com, with commas between them",
            syntax: .list
        ),
        read: { AllowedHosts($0).map { $0 } },
        text: { _ in nil }
    )
}
