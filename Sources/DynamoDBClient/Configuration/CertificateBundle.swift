import Basics

/// The file of certificate authorities that the operator trusts (`AWS_CA_BUNDLE`, or `ca_bundle` of the profile).
enum CertificateBundle {
    /// Checks that a file holds certificates in PEM form (RFC 7468 section 5), so that a wrong path ends a start with its reason and not
    /// each request. It blocks for as long as the file's volume does.
    static func check(_ bundle: SharedSettings.Found, limit: Int) throws(DynamoDBError) {
        func fault(_ cause: String) -> DynamoDBError {
            .configuration(
                subject: bundle.source,
                code: "InvalidCertificateBundle",
                message: "\(bundle.value): \(cause)",
                hint:
                    "Name a readable PEM file with your certificate authority, or remove the setting to trust the system's."
            )
        }
        let bytes: [UInt8]
        do { bytes = try BoundedFile.read(bundle.value, limit: limit, isRegular: true) } catch {
            throw fault(error.reason)
        }
        guard bytes.split(separator: UInt8(ascii: "\n")).contains(where: beginsCertificate) else {
            throw fault("the file has no certificate; one begins with -----BEGIN CERTIFICATE-----")
        }
    }

    /// `BEGIN TRUSTED CERTIFICATE` and `BEGIN X509 CERTIFICATE` are OpenSSL's own forms.
    private static func beginsCertificate(_ line: ArraySlice<UInt8>) -> Bool {
        let text = String(decoding: line.prefix(80).prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        return text.hasPrefix("-----BEGIN ") && text.hasSuffix("CERTIFICATE-----")
    }
}
