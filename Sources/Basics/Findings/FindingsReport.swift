/// The findings as they are printed.
package enum FindingsReport {
    /// Lines for eyes: the verdict, what was seen, and below it what to change.
    package static func text(_ findings: [Finding], isColoured: Bool) -> String {
        let column = findings.reduce(14) { max($0, $1.check.count) }
        var output = ""
        for finding in findings {
            let verdict = finding.verdict.rawValue + (finding.verdict == .ok ? "  " : "")
            let check = finding.check + String(repeating: " ", count: column - finding.check.count)
            let shown = isColoured ? "\u{1B}[\(colour(finding.verdict))m\(verdict)\u{1B}[0m" : verdict
            output += "\(shown)  \(check)  \(TerminalText.safe(finding.seen))\n"
            if let change = finding.change { output += "        \(change)\n" }
        }
        return output + summary(findings) + "\n"
    }

    /// One JSON object: `{"url":…,"ok":…,"findings":[{"check","verdict","seen","change"}]}`, where `url` is the name of
    /// the `subject`.
    package static func json(_ findings: [Finding], _ name: String, _ subject: String) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member(name, subject)
            json.member("ok", !findings.contains { $0.verdict == .fail })
            json.name("findings")
            json.beginArray()
            for finding in findings {
                // Each on a line of its own.
                json.separate()
                json.bytes.append(UInt8(ascii: "\n"))
                json.bytes += JSONWriter.object { json in
                    json.member("check", finding.check)
                    json.member("verdict", finding.verdict.rawValue)
                    json.member("seen", finding.seen)
                    json.member("change", finding.change)
                }
            }
            json.endArray()
        }
        return String(decoding: json.bytes, as: UTF8.self) + "\n"
    }

    private static func summary(_ findings: [Finding]) -> String {
        let failed = findings.filter { $0.verdict == .fail }.count
        let warned = findings.filter { $0.verdict == .warn }.count
        if failed == 0, warned == 0 { return "Nothing is wrong." }
        return "\(failed) to mend, \(warned) to know."
    }

    private static func colour(_ verdict: Finding.Verdict) -> String {
        switch verdict {
        case .ok: "32"
        case .warn: "33"
        case .fail: "31"
        }
    }
}
