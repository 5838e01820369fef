import Testing

@testable import DynamoDBClient

@Suite struct CertificateBundleTests {
    private func check(_ path: String, limit: Int = 1 << 20) throws {
        try CertificateBundle.check(SharedSettings.Found(value: path, source: "ca_bundle of profile dev"), limit: limit)
    }

    @Test(
        "a PEM file with a certificate is taken",
        arguments: [
            "-----BEGIN CERTIFICATE-----\nMII=\n", "# mine\r\n-----BEGIN CERTIFICATE-----\r\nMII=\r\n",
            "-----BEGIN TRUSTED CERTIFICATE-----", "\n\n-----BEGIN X509 CERTIFICATE-----\n",
        ]
    )
    func valid(text: String) throws {
        let directory = TemporaryDirectory()
        try check(directory.write("ca.pem", text))
    }

    @Test(
        "a file without a certificate is said at the start",
        arguments: [
            "", "hello", "-----BEGIN PRIVATE KEY-----\n", "-----BEGIN CERTIFICATE REQUEST-----\n",
            "-----END CERTIFICATE-----\n",
        ]
    )
    func without(text: String) throws {
        let directory = TemporaryDirectory()
        let path = directory.write("ca.pem", text)
        let error = try #require(throws: DynamoDBError.self) { try check(path) }
        #expect(error.kind == .fatal)
        #expect(
            error.description
                == "Configuration ca_bundle of profile dev failed: InvalidCertificateBundle: \(path): the file has no certificate; one "
                + "begins with -----BEGIN CERTIFICATE-----. Name a readable PEM file with your certificate authority, or remove the "
                + "setting to trust the system's."
        )
    }

    @Test("what cannot be read is said with the reason")
    func unreadable() throws {
        let directory = TemporaryDirectory()
        let missing = try #require(throws: DynamoDBError.self) { try check(directory.path + "/none.pem") }
        #expect(missing.message == "\(directory.path)/none.pem: No such file or directory")
        let folder = try #require(throws: DynamoDBError.self) { try check(directory.path) }
        #expect(folder.message == "\(directory.path): it is a directory and not a regular file")
        let path = directory.write("ca.pem", "-----BEGIN CERTIFICATE-----\n")
        let large = try #require(throws: DynamoDBError.self) { try check(path, limit: 10) }
        #expect(large.message == "\(path): the file is larger than 10 bytes")
    }
}
