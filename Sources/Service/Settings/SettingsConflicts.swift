import Following

/// Settings that contradict each other.
enum SettingsConflicts {
    /// Throws what contradicts, and what to do.
    static func check(_ resolved: ResolvedSettings) throws(SettingsError) {
        if resolved.settings.following.isOn {
            for setting in SettingsTable.settings where resolved.given[setting.name] != nil {
                guard case .reader(let advice) = setting.scope else { continue }
                throw SettingsError("\(setting.flag) cannot be given with --follow: \(advice)")
            }
        } else {
            for setting in SettingsTable.settings where resolved.given[setting.name] != nil {
                guard setting.scope == .follower else { continue }
                throw SettingsError(
                    "\(setting.flag) is given without --follow: name the upstream, as in --follow=http://leader:8080"
                )
            }
        }
    }
}
