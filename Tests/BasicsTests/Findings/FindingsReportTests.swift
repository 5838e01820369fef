import Basics
import Testing

struct FindingsReportTests {
    @Test("the report is lines for eyes or one object for machines")
    func report() {
        let findings = [Finding("idle", .ok, "fine"), Finding("resume", .fail, "lost \"it\"", change: "mend")]
        #expect(
            FindingsReport.text(findings, isColoured: false)
                == "ok    idle            fine\nfail  resume          lost \"it\"\n        mend\n1 to mend, 0 to know.\n"
        )
        #expect(
            FindingsReport.json(findings, "url", "http://a")
                == #"{"url":"http://a","ok":false,"findings":["# + "\n"
                + #"{"check":"idle","verdict":"ok","seen":"fine","change":null},"# + "\n"
                + #"{"check":"resume","verdict":"fail","seen":"lost \"it\"","change":"mend"}]}"# + "\n"
        )
        #expect(FindingsReport.text([], isColoured: true) == "Nothing is wrong.\n")
    }

    @Test("a long name of a check widens the column for all")
    func column() {
        let text = FindingsReport.text(
            [Finding("GetShardIterator", .ok, "granted"), Finding("Scan", .ok, "granted")],
            isColoured: false
        )
        #expect(text == "ok    GetShardIterator  granted\nok    Scan              granted\nNothing is wrong.\n")
    }
}
