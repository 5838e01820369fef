@testable import DynamoDBClient

/// XML of STS, which may be cut or another server's page: read or refused, never the end of the process. A text that is escaped and put
/// between tags comes back as it was.
struct XMLTarget: FuzzTarget {
    func run(_ bytes: UnsafeRawBufferPointer) {
        _ = try? XMLTexts(Array(bytes))
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<": escaped += "&lt;"
            case "&": escaped += "&amp;"
            case ">": escaped += "&#62;"
            case "\"": escaped += "&#x22;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        // The letters keep the white space at both ends.
        let document = try? XMLTexts(Array("<n:a b='>'><c>|\(escaped)|</c></n:a>".utf8))
        let found = document?["a", "c"]
        require(found?.utf8.elementsEqual("|\(text)|".utf8) == true, "a text that does not come back")
    }
}
