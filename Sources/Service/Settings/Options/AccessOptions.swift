import HTTPSemantics
import HTTPServer

/// The address of the service, and its readers.
enum AccessOptions: SettingGroup {
    static let title = "Access"
    static let settings = [
        Setting(
            "listen",
            \.listen,
            listen,
            example: "[::]:8080",
            "Address and port for HTTP; port 0 takes any free one.",
            seeAlso: "The container image sets `0.0.0.0:8080`."
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
            "crash-dumps",
            \.crashDumps,
            .toggle,
            example: "on",
            "Let a crash leave a core file and a backtrace. Both contain items of the table."
        ),
    ]

    private static let listen = SettingKind<ListenAddress>(
        form: SettingForm(
            placeholder: "host:port",
            allowed: "give host:port with a port from 0 to 65535, such as 127.0.0.1:8080"
        ),
        read: { ListenAddress($0) },
        text: { $0.description }
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
