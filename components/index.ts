/** Gatehouse: provably trusted internal traffic for Docker services behind one Apache entry. */
export { GateImage, LocalImage, type LocalImageArgs } from "./gateImage";
export { IsolatedNetwork, type IsolatedNetworkArgs } from "./network/isolatedNetwork";
export { CertificateAuthority, type AuthoritySource, type CertificateAuthorityArgs } from "./pki/certificateAuthority";
export { DeviceCertificate, type DeviceCertificateArgs } from "./pki/deviceCertificate";
export type { Evidence } from "./pki/evidence";
export { HostCertificate, type HostCertificateArgs } from "./pki/hostCertificate";
export type { IssuedCertificate, KeyCurve, Signer } from "./pki/issue";
export { defaultLifetimes, type Lifetimes } from "./pki/lifetimes";
export type { Revocation, RevocationReason } from "./pki/revocation";
export { serviceNames, type ServiceNames } from "./pki/names";
export { ServiceIdentity, type ServiceIdentityArgs } from "./pki/serviceIdentity";
export { InvalidInput, type Problem } from "./problems";
export type { PublicHost, ReverseProxyArgs, Route } from "./proxy/arguments";
export { ReverseProxy } from "./proxy/reverseProxy";
export type { Application, OwnTls, ServiceArgs, SidecarTls } from "./service/arguments";
export type { Call, Callee, ExternalCallee } from "./service/callee";
export { ExternalService, type ExternalServiceArgs } from "./service/externalService";
export { Service } from "./service/service";
export type { CallerRule, Enforcement } from "./trust/enforcement";
export type {
  EarlierCertificate,
  GraphAuthority,
  GraphDevice,
  GraphEdge,
  GraphHost,
  GraphService,
  TrustGraph,
} from "./trust/graph";
export type { ProofEdge, ProofHost, ProofMember } from "./trust/proof/plan";
export { TrustProof, type TrustProofArgs } from "./trust/trustProof";
