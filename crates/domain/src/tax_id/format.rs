//! The formats of tax ids: their names on the wire, whose they are, and how each is read.

use std::borrow::Cow;

use super::text::{padded, without};
use super::{africa, america, asia, europe, middle_east, oceania, vat_eu};

macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// What a tax id is. The names are those that Stripe gives to formats, and one of the contract's own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TaxIdFormat {
            $($(#[$doc])* $variant,)+
        }

        impl TaxIdFormat {
            /// All formats, in the order of the contract.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

formats! {
    /// Andorra.
    AdNrt = "ad_nrt",
    /// United Arab Emirates.
    AeTrn = "ae_trn",
    /// Argentina.
    ArCuit = "ar_cuit",
    /// Australia, businesses.
    AuAbn = "au_abn",
    /// Australia, reference numbers of the tax office.
    AuArn = "au_arn",
    /// Bulgaria, businesses, outside of VAT.
    BgUic = "bg_uic",
    /// Bahrain.
    BhVat = "bh_vat",
    /// Bolivia.
    BoTin = "bo_tin",
    /// Brazil, companies.
    BrCnpj = "br_cnpj",
    /// Brazil, persons.
    BrCpf = "br_cpf",
    /// Canada, businesses.
    CaBn = "ca_bn",
    /// Canada, goods and services tax.
    CaGstHst = "ca_gst_hst",
    /// British Columbia.
    CaPstBc = "ca_pst_bc",
    /// Manitoba.
    CaPstMb = "ca_pst_mb",
    /// Saskatchewan.
    CaPstSk = "ca_pst_sk",
    /// Québec.
    CaQst = "ca_qst",
    /// Switzerland, businesses.
    ChUid = "ch_uid",
    /// Switzerland, VAT.
    ChVat = "ch_vat",
    /// Chile.
    ClTin = "cl_tin",
    /// China.
    CnTin = "cn_tin",
    /// Colombia.
    CoNit = "co_nit",
    /// Costa Rica.
    CrTin = "cr_tin",
    /// Germany, numbers of the tax offices.
    DeStn = "de_stn",
    /// Dominican Republic.
    DoRcn = "do_rcn",
    /// Ecuador.
    EcRuc = "ec_ruc",
    /// Egypt.
    EgTin = "eg_tin",
    /// Spain, companies, outside of VAT.
    EsCif = "es_cif",
    /// The One Stop Shop of the European Union.
    EuOssVat = "eu_oss_vat",
    /// VAT of the European Union, and of Northern Ireland.
    EuVat = "eu_vat",
    /// VAT of the United Kingdom.
    GbVat = "gb_vat",
    /// Georgia.
    GeVat = "ge_vat",
    /// Hong Kong.
    HkBr = "hk_br",
    /// Croatia, outside of VAT.
    HrOib = "hr_oib",
    /// Hungary, outside of VAT.
    HuTin = "hu_tin",
    /// Indonesia.
    IdNpwp = "id_npwp",
    /// Israel.
    IlVat = "il_vat",
    /// India.
    InGst = "in_gst",
    /// Iceland.
    IsVat = "is_vat",
    /// Japan, companies.
    JpCn = "jp_cn",
    /// Japan, businesses from abroad.
    JpRn = "jp_rn",
    /// Japan, issuers of invoices.
    JpTrn = "jp_trn",
    /// Kenya.
    KePin = "ke_pin",
    /// South Korea.
    KrBrn = "kr_brn",
    /// Kazakhstan.
    KzBin = "kz_bin",
    /// Liechtenstein.
    LiUid = "li_uid",
    /// North Macedonia.
    MkVat = "mk_vat",
    /// Mexico.
    MxRfc = "mx_rfc",
    /// Malaysia, FRP.
    MyFrp = "my_frp",
    /// Malaysia, income tax.
    MyItn = "my_itn",
    /// Malaysia, sales and service tax.
    MySst = "my_sst",
    /// Nigeria.
    NgTin = "ng_tin",
    /// Norway.
    NoVat = "no_vat",
    /// Norway, sellers from abroad.
    NoVoec = "no_voec",
    /// New Zealand.
    NzGst = "nz_gst",
    /// Oman.
    OmVat = "om_vat",
    /// Peru.
    PeRuc = "pe_ruc",
    /// Philippines.
    PhTin = "ph_tin",
    /// Romania, outside of VAT.
    RoTin = "ro_tin",
    /// Serbia.
    RsPib = "rs_pib",
    /// Russia.
    RuInn = "ru_inn",
    /// Russia, reason of registration.
    RuKpp = "ru_kpp",
    /// Saudi Arabia.
    SaVat = "sa_vat",
    /// Singapore, goods and services tax.
    SgGst = "sg_gst",
    /// Singapore, entities.
    SgUen = "sg_uen",
    /// Slovenia, outside of VAT.
    SiTin = "si_tin",
    /// El Salvador.
    SvNit = "sv_nit",
    /// Thailand.
    ThVat = "th_vat",
    /// Turkey.
    TrTin = "tr_tin",
    /// Taiwan.
    TwVat = "tw_vat",
    /// Ukraine.
    UaVat = "ua_vat",
    /// United States.
    UsEin = "us_ein",
    /// Uruguay.
    UyRuc = "uy_ruc",
    /// Venezuela.
    VeRif = "ve_rif",
    /// Vietnam.
    VnTin = "vn_tin",
    /// South Africa.
    ZaVat = "za_vat",
    /// Mauritius.
    MuTan = "mu_tan",
}

impl TaxIdFormat {
    /// The format with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.as_str() == name)
    }

    /// The formats of a country (ISO 3166 alpha-2), in the order in which they are tried: VAT and what is like it first.
    #[rustfmt::skip]
    pub(super) const fn of_country(country: &str) -> &'static [Self] {
        match country.as_bytes() {
            b"AT" | b"BE" | b"CY" | b"CZ" | b"DK" | b"EE" | b"FI" | b"FR" | b"GR" | b"IE" | b"IT" | b"LT" | b"LU"
            | b"LV" | b"MT" | b"NL" | b"PL" | b"PT" | b"SE" | b"SK" => &[Self::EuVat],
            b"BG" => &[Self::EuVat, Self::BgUic],
            b"DE" => &[Self::EuVat, Self::DeStn],
            b"ES" => &[Self::EuVat, Self::EsCif],
            b"HR" => &[Self::EuVat, Self::HrOib],
            b"HU" => &[Self::EuVat, Self::HuTin],
            b"RO" => &[Self::EuVat, Self::RoTin],
            b"SI" => &[Self::EuVat, Self::SiTin],
            b"AD" => &[Self::AdNrt],
            b"AE" => &[Self::AeTrn],
            b"AR" => &[Self::ArCuit],
            b"AU" => &[Self::AuAbn, Self::AuArn],
            b"BH" => &[Self::BhVat],
            b"BO" => &[Self::BoTin],
            b"BR" => &[Self::BrCnpj, Self::BrCpf],
            b"CA" => &[
                Self::CaGstHst, Self::CaPstBc, Self::CaPstMb, Self::CaPstSk, Self::CaQst, Self::CaBn,
            ],
            b"CH" => &[Self::ChUid, Self::ChVat],
            b"CL" => &[Self::ClTin],
            b"CN" => &[Self::CnTin],
            b"CO" => &[Self::CoNit],
            b"CR" => &[Self::CrTin],
            b"DO" => &[Self::DoRcn],
            b"EC" => &[Self::EcRuc],
            b"EG" => &[Self::EgTin],
            b"GB" => &[Self::GbVat, Self::EuVat],
            b"GE" => &[Self::GeVat],
            b"HK" => &[Self::HkBr],
            b"ID" => &[Self::IdNpwp],
            b"IL" => &[Self::IlVat],
            b"IN" => &[Self::InGst],
            b"IS" => &[Self::IsVat],
            b"JP" => &[Self::JpCn, Self::JpRn, Self::JpTrn],
            b"KE" => &[Self::KePin],
            b"KR" => &[Self::KrBrn],
            b"KZ" => &[Self::KzBin],
            b"LI" => &[Self::LiUid],
            b"MK" => &[Self::MkVat],
            b"MU" => &[Self::MuTan],
            b"MX" => &[Self::MxRfc],
            b"MY" => &[Self::MyFrp, Self::MyItn, Self::MySst],
            b"NG" => &[Self::NgTin],
            b"NO" => &[Self::NoVat, Self::NoVoec],
            b"NZ" => &[Self::NzGst],
            b"OM" => &[Self::OmVat],
            b"PE" => &[Self::PeRuc],
            b"PH" => &[Self::PhTin],
            b"RS" => &[Self::RsPib],
            b"RU" => &[Self::RuInn, Self::RuKpp],
            b"SA" => &[Self::SaVat],
            b"SG" => &[Self::SgGst, Self::SgUen],
            b"SV" => &[Self::SvNit],
            b"TH" => &[Self::ThVat],
            b"TR" => &[Self::TrTin],
            b"TW" => &[Self::TwVat],
            b"UA" => &[Self::UaVat],
            b"US" => &[Self::UsEin],
            b"UY" => &[Self::UyRuc],
            b"VE" => &[Self::VeRif],
            b"VN" => &[Self::VnTin],
            b"ZA" => &[Self::ZaVat],
            _ => &[],
        }
    }

    /// The number as it is kept, of a text without separators; `None` when it is not valid.
    pub(super) fn read(self, country: &str, bare: &str) -> Option<String> {
        if self == Self::EuVat {
            // Of the Union's numbers, those of Northern Ireland alone are of the United Kingdom.
            let ours = country != "GB" || bare.starts_with(vat_eu::NORTHERN_IRELAND);
            return vat_eu::read(bare).filter(|_| ours);
        }
        let number = self.in_full(bare);
        self.accepts(&number).then(|| number.into_owned())
    }

    /// The number in the one of its spellings that is kept: mostly without the country, sometimes with what is often left out.
    fn in_full(self, bare: &str) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::ChUid | Self::ChVat | Self::LiUid
                if bare.starts_with(|first: char| first.is_ascii_digit()) =>
            {
                return Cow::Owned(format!("CHE{bare}"));
            }
            Self::IlVat if bare.is_ascii() => return Cow::Owned(padded(bare, 9)),
            Self::ClTin => without("CL", bare),
            Self::GbVat => without("GB", bare),
            Self::GeVat => without("GE", bare),
            Self::HrOib => without("HR", bare),
            Self::IsVat => without("IS", bare),
            // In the letters of Macedonia too.
            Self::MkVat => without("МК", without("MK", bare)),
            Self::NoVat => without("NO", bare),
            Self::NoVoec => without("VOEC", bare),
            Self::NzGst => without("NZ", bare),
            Self::SvNit => without("SV", bare),
            Self::UyRuc => without("UY", bare),
            _ => bare,
        })
    }

    /// Whether a number in full is valid.
    fn accepts(self, number: &str) -> bool {
        match self {
            Self::AdNrt => europe::ad_nrt(number),
            Self::AeTrn => middle_east::ae_trn(number),
            Self::ArCuit => america::ar_cuit(number),
            Self::AuAbn => oceania::au_abn(number),
            Self::AuArn => oceania::au_arn(number),
            Self::BgUic => europe::bg_uic(number),
            Self::BhVat => middle_east::bh_vat(number),
            Self::BoTin => america::bo_tin(number),
            Self::BrCnpj => america::br_cnpj(number),
            Self::BrCpf => america::br_cpf(number),
            Self::CaBn => america::ca_bn(number),
            Self::CaGstHst => america::ca_gst_hst(number),
            Self::CaPstBc => america::ca_pst_bc(number),
            Self::CaPstMb | Self::CaPstSk => america::ca_pst_prairies(number),
            Self::CaQst => america::ca_qst(number),
            Self::ChUid | Self::LiUid => europe::ch_uid(number),
            Self::ChVat => europe::ch_vat(number),
            Self::ClTin => america::cl_tin(number),
            Self::CnTin => asia::cn_tin(number),
            Self::CoNit => america::co_nit(number),
            Self::CrTin => america::cr_tin(number),
            Self::DeStn => europe::de_stn(number),
            Self::DoRcn => america::do_rcn(number),
            Self::EcRuc => america::ec_ruc(number),
            Self::EgTin => africa::eg_tin(number),
            Self::EsCif => europe::es_cif(number),
            Self::EuOssVat => vat_eu::is_one_stop_shop(number),
            Self::EuVat => vat_eu::read(number).is_some(),
            Self::GbVat => europe::gb_vat(number),
            Self::GeVat => middle_east::ge_vat(number),
            Self::HkBr => asia::hk_br(number),
            Self::HrOib => europe::hr_oib(number),
            Self::HuTin => europe::hu_tin(number),
            Self::IdNpwp => asia::id_npwp(number),
            Self::IlVat => middle_east::il_vat(number),
            Self::InGst => asia::in_gst(number),
            Self::IsVat => europe::is_vat(number),
            Self::JpCn => asia::jp_cn(number),
            Self::JpRn => asia::jp_rn(number),
            Self::JpTrn => asia::jp_trn(number),
            Self::KePin => africa::ke_pin(number),
            Self::KrBrn => asia::kr_brn(number),
            Self::KzBin => asia::kz_bin(number),
            Self::MkVat => europe::mk_vat(number),
            Self::MuTan => africa::mu_tan(number),
            Self::MxRfc => america::mx_rfc(number),
            Self::MyFrp => asia::my_frp(number),
            Self::MyItn => asia::my_itn(number),
            Self::MySst => asia::my_sst(number),
            Self::NgTin => africa::ng_tin(number),
            Self::NoVat => europe::no_vat(number),
            Self::NoVoec => europe::no_voec(number),
            Self::NzGst => oceania::nz_gst(number),
            Self::OmVat => middle_east::om_vat(number),
            Self::PeRuc => america::pe_ruc(number),
            Self::PhTin => asia::ph_tin(number),
            Self::RoTin => europe::ro_tin(number),
            Self::RsPib => europe::rs_pib(number),
            Self::RuInn => europe::ru_inn(number),
            Self::RuKpp => europe::ru_kpp(number),
            Self::SaVat => middle_east::sa_vat(number),
            Self::SgGst => asia::sg_gst(number),
            Self::SgUen => asia::sg_uen(number),
            Self::SiTin => europe::si_tin(number),
            Self::SvNit => america::sv_nit(number),
            Self::ThVat => asia::th_vat(number),
            Self::TrTin => europe::tr_tin(number),
            Self::TwVat => asia::tw_vat(number),
            Self::UaVat => europe::ua_vat(number),
            Self::UsEin => america::us_ein(number),
            Self::UyRuc => america::uy_ruc(number),
            Self::VeRif => america::ve_rif(number),
            Self::VnTin => asia::vn_tin(number),
            Self::ZaVat => africa::za_vat(number),
        }
    }
}
