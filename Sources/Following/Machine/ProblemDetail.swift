import TableModel

/// The text of a problem (RFC 9457), for operators.
enum ProblemDetail {
    /// The member `detail`, or else `title`; nil for anything but a JSON object that has one.
    static func of(_ body: [UInt8]) -> String? {
        try? JSONReader.read(body) { json throws(JSONError) in
            var (detail, title): (String?, String?) = (nil, nil)
            try json.beginObject()
            while let name = try json.nextMember() {
                switch name {
                case "detail": detail = try json.readString()
                case "title": title = try json.readString()
                default: try json.skipValue()
                }
            }
            return detail ?? title
        }
    }
}
