/// The browser client: an ES module, which imports those of the folder `client`, and its types.
enum WebClient {
    /// `/client.js`.
    static let module = WebFile(
        WebModules.entry(PackageResources.client_js),
        contentType: "text/javascript; charset=utf-8"
    )
    /// `/client.d.ts`.
    static let types = WebFile(PackageResources.client_d_ts, contentType: "text/plain; charset=utf-8")
}
