/// Query parameters that others append to URLs, and that mean nothing here: they are ignored, and neither links nor the access log
/// repeat them. Every other unknown name is rejected.
package enum IgnoredParameters {
    /// Angular's service worker, jQuery against caches, and the clicks of two advertisers.
    package static let names: Set = ["ngsw-bypass", "_", "fbclid", "gclid"]
    /// The beginning of the names of campaigns, such as `utm_source`.
    package static let prefix = "utm_"

    /// Whether a parameter of this name, percent-decoded, is ignored.
    package static func contains(_ name: String) -> Bool { name.hasPrefix(prefix) || names.contains(name) }
}
