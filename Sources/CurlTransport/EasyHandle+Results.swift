import CCurl

/// The results of a transfer.
extension EasyHandle {
    /// The status of the newest head; 0 before the first.
    var status: Int {
        var status = 0
        ccurl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return status
    }

    /// The size of the body by its Content-Length; negative when it has none.
    var announcedBytes: Int {
        var announced: curl_off_t = -1
        ccurl_get_offset(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced)
        return Int(announced)
    }

    /// The newest head with the fields of these names, in lower case; with all its fields where `names` is nil.
    func head(keeping names: [String]? = nil) -> ResponseHead {
        let fields = names.map { $0.compactMap(field) } ?? allFields
        return ResponseHead(status: status, version: version, fields: fields)
    }

    /// The failure that a result stands for. Call it before the next `begin`.
    func failure(_ result: CURLcode) -> TransportFailure {
        var systemError = 0
        ccurl_get_long(handle, CURLINFO_OS_ERRNO, &systemError)
        let own = String(cString: errorText)
        return TransportFailure(
            TransportFailure.Cause(result, systemError: systemError),
            detail: own.isEmpty ? String(cString: curl_easy_strerror(result)) : own
        )
    }

    private var version: String {
        var version = 0
        ccurl_get_long(handle, CURLINFO_HTTP_VERSION, &version)
        return switch version {
        case Int(CURL_HTTP_VERSION_1_0): "1.0"
        case Int(CURL_HTTP_VERSION_1_1): "1.1"
        case Int(CURL_HTTP_VERSION_2_0): "2"
        case Int(CURL_HTTP_VERSION_3): "3"
        default: ""
        }
    }

    private func field(_ name: String) -> HTTPField? {
        var found: UnsafeMutablePointer<curl_header>?
        guard curl_easy_header(handle, name, 0, UInt32(CURLH_HEADER), -1, &found) == CURLHE_OK,
            let value = found?.pointee.value
        else { return nil }
        return HTTPField(name: name, value: String(cString: value))
    }

    private var allFields: [HTTPField] {
        var fields: [HTTPField] = []
        var last: UnsafeMutablePointer<curl_header>?
        while let found = curl_easy_nextheader(handle, UInt32(CURLH_HEADER), -1, last) {
            last = found
            let (name, value) = (found.pointee.name, found.pointee.value)
            guard let name, let value else { continue }
            fields.append(HTTPField(name: String(cString: name).lowercased(), value: String(cString: value)))
        }
        return fields
    }
}
