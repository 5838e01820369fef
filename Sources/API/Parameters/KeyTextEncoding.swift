/// How a request writes the values of a table's key, in its path and in its parameters.
///
/// A text is not always fit for a URL: the request's target takes no U+0000, clients take `.` and `..` out of paths, and
/// some proxies decode `%2F`. In base64url every key has a URL.
enum KeyTextEncoding: String, CaseIterable {
    /// A key of type S is the text itself.
    case text
    /// A key of type S is its UTF-8 in base64url, as a key of type B always is.
    case base64url

    /// The query parameter that says which.
    static let parameter = "key_encoding"
}

extension QueryParameters {
    /// `key_encoding`.
    func keyEncoding() throws(Problem) -> KeyTextEncoding { try choice(KeyTextEncoding.parameter, default: .text) }
}
