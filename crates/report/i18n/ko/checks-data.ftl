# "data" 영역 점검 항목의 문구.

check-claims-without-backup = 백업 없는 데이터
    .message = 스캔한 파일에 이 데이터를 대상으로 하는 백업이 없습니다.
    .why = 다른 곳에 사본이 없으면 랜섬웨어나 실수, 가용 영역 장애로 데이터를 영구히 잃게 됩니다.
    .fix = Velero Schedule의 대상에 네임스페이스를 포함하거나 볼륨 클레임의 VolumeSnapshot을 만드십시오.

check-personal-data-unguarded = 보호되지 않는 개인정보
    .message = 개인정보를 다룬다고 표시된 네임스페이스에 { $lacks ->
        [pod-security] 제한(restricted) 파드 보안 수준이 적용되지 않았습니다.
       *[network-policy] 네트워크 정책이 없습니다.
        }
    .why = 개인정보는 법에 따라 더 엄격하게 보호해야 하며, 레이블만으로는 아무것도 보호되지 않습니다.
    .fix = 제한 수준을 적용하고 필요하지 않은 트래픽은 모두 차단하십시오.
