/// The browser client: one ES module without dependencies, and its types. The module's source is in parts, joined here.
enum WebClient {
    /// `/client.js`.
    static let module = WebFile(
        [PackageResources.connection_js, PackageResources.share_js, PackageResources.tables_js].reduce([], +),
        contentType: "text/javascript; charset=utf-8"
    )
    /// `/client.d.ts`.
    static let types = WebFile(PackageResources.client_d_ts, contentType: "text/plain; charset=utf-8")
}
