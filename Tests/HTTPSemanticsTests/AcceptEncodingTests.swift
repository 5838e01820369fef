import Testing

@testable import HTTPSemantics

@Suite struct AcceptEncodingTests {
    @Test(
        "weighs gzip against identity (RFC 9110 section 12.5.3)",
        arguments: [
            (nil, false, false), ("gzip", true, false), ("GZip, deflate, br", true, false), ("x-gzip", true, false),
            ("br", false, false), ("", false, false), ("*", true, false), ("gzip;q=0", false, false),
            ("gzip;q=0, *", false, false), ("*;q=0", false, true), ("identity;q=0", false, true),
            ("gzip, identity;q=0", true, true), ("gzip;q=0.5, identity", false, false),
            ("gzip;q=0.5, identity;q=0.5", true, false),
            ("gzip;q=0.001", true, false), ("gzip;q=0.000", false, false), ("gzip ; Q=1.000", true, false),
            ("gzip;q=1.1", false, false), ("gzip;q=0.1234", false, false), ("gzip;q=", false, false),
            ("*;q=0, gzip", true, true),
            ("*;q=0, identity", false, false), (",,gzip,,", true, false),
            ("deflate, GZIP", true, false), ("*, gzip;q=0", false, false), ("br, gzip;q=0.2", true, false),
            ("identity", false, false), ("gzip;q=x", false, false),
        ] as [(String?, Bool, Bool)]
    )
    func weights(field: String?, prefersGzip: Bool, refusesIdentity: Bool) {
        let accepted = AcceptEncoding(field)
        #expect(accepted.prefersGzip == prefersGzip)
        #expect((accepted.identity == 0) == refusesIdentity)
    }

    @Test(
        "a response is compressed where that is worthwhile and preferred, or where nothing else is taken",
        arguments: [
            (nil, .identity, .identity), ("gzip", .gzip, .identity), ("gzip;q=0.5, identity", .identity, .identity),
            ("gzip, identity;q=0", .gzip, .gzip), ("identity;q=0", nil, nil), ("*;q=0", nil, nil),
            ("br", .identity, .identity), ("gzip;q=0.1, identity;q=0", .gzip, .gzip),
        ] as [(String?, AcceptEncoding.Coding?, AcceptEncoding.Coding?)]
    )
    func coding(field: String?, large: AcceptEncoding.Coding?, small: AcceptEncoding.Coding?) {
        #expect(AcceptEncoding(field).coding(isWorthwhile: true) == large)
        #expect(AcceptEncoding(field).coding(isWorthwhile: false) == small)
    }
}
