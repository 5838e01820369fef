import HTTPServer

/// The description of the API, `openapi.yaml`, as the service hands it out.
enum Description {
    static var response: HTTPResponse {
        var fields = HTTPFields()
        fields.add("Content-Type", "application/yaml")
        fields.add("Cache-Control", "no-cache")
        fields.add("Vary", "Accept-Encoding")
        return HTTPResponse(status: 200, fields: fields, body: .bytes(PackageResources.openapi_yaml))
    }
}
